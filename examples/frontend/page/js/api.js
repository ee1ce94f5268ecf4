const root = new URL("api/", document.baseURI);

// Problem is what the server refused, as RFC 9457 has it, or that it was not reached.
class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status; // 0: the server was not reached
    this.code = body.code;
    this.id = body.id; // of what is there already
    this.field = body.field;
    this.position = body.position; // in bytes of the filter's UTF-8
    this.suggestion = body.suggestion;
    this.count = body.count; // how many match by now
    this.groups = body.groups; // ids of those whose rules need what was to be deleted
  }
}

async function call(method, path, { query = {}, body, headers = {}, signal } = {}) {
  const url = new URL(path, root);
  for (const [key, value] of Object.entries(query)) if (value !== "" && value !== undefined) url.searchParams.set(key, value);
  try {
    const response = await fetch(url, {
      method, signal,
      headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
    const isJSON = /\bjson\b/.test(response.headers.get("Content-Type"));
    const answer = isJSON ? await response.json() : {};
    if (!response.ok) throw new Problem(response.status, answer);
    return answer;
  } catch (error) {
    if (error instanceof Problem || error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The server cannot be reached." });
  }
}

// everyone is what an empty search means; to the server an empty filter means nobody.
const everyone = "is:everyone";
const meant = (filter) => filter.trim() || everyone;

export const schema = () => call("GET", "schema");

export const findVisitors = ({ filter, order, after, limit }, signal) =>
  call("GET", "visitors", { query: { filter: meant(filter), order, after, limit }, signal });
export const facets = (filter, signal) => call("GET", "visitors/facets", { query: { filter: meant(filter) }, signal });

// issues returns codes for what is odd in a filter.
export const issues = async (filter) => (await call("POST", "filters/check", { body: { text: meant(filter) } })).findings.map(({ issue }) => issue);

export const getVisitor = (id) => call("GET", `visitors/${id}`);
export const createVisitor = (draft, key) => call("POST", "visitors", { body: draft, headers: { "Idempotency-Key": key } });
export const updateVisitor = (id, revision, patch) =>
  call("PATCH", `visitors/${id}`, { body: patch, headers: { "If-Match": `"${revision}"` } });

// changeMany does an action on visitors: on those with the ids, or on all that the filter
// matches, if they are as many as expected.
export const changeMany = (action, target, more = {}) =>
  call("POST", "visitors/bulk", { body: { action, ...("ids" in target ? { ids: target.ids } : { filter: meant(target.filter), expect: target.count }), ...more } });

// A tag or a group that somebody has made meanwhile will do.
export const createTag = ({ name, color, description }) => call("POST", "tags", { body: { name, color, description } }).catch(there);
export const createGroup = ({ name }) => call("POST", "groups", { body: { name } }).catch(there);

function there(problem) {
  if (problem.code !== "exists") throw problem;
  return { id: problem.id };
}

// deleteOne deletes a tag or a group, of the kind "tag" or "group". One that the rules of
// groups need stays, and the problem names these groups.
export async function deleteOne(kind, id) {
  try {
    await call("DELETE", `${kind}s/${id}`);
  } catch (problem) {
    if (problem.code !== "in_use") throw problem;
    const { groups } = await call("GET", "groups");
    const names = groups.filter((group) => problem.groups.includes(group.id)).map(({ name }) => name);
    problem.message = `Needed by the rule of ${new Intl.ListFormat("en").format(names)}. Nothing was deleted.`;
    throw Object.assign(problem, { field: kind });
  }
}

export const countVisitors = async (filter) => (await call("GET", "visitors/count", { query: { filter } })).count;

// withRules returns visitors with the ids of the groups that they are in: those they were
// added to, and those whose rule they match.
export async function withRules(visitors, groups, signal) {
  if (!visitors.length) return visitors;
  const ids = visitors.map(({ id }) => id).join(",");
  const ruled = await Promise.all(groups.filter(({ rule }) => rule).map(async ({ id }) => {
    const members = await findVisitors({ filter: `group:#${id} id:${ids}`, limit: visitors.length }, signal);
    return { id, members: new Set(members.visitors.map((v) => v.id)) };
  }));
  return visitors.map((v) => {
    const added = (v.memberships ?? []).map(({ group }) => group);
    const byRule = ruled.filter(({ id, members }) => members.has(v.id) && !added.includes(id)).map(({ id }) => id);
    return { ...v, groups: [...added, ...byRule] };
  });
}

const kinds = [
  ...["created", "updated", "deleted", "tagged", "untagged", "joined", "left"].map((what) => `visitor.${what}`),
  ...["tag", "group"].flatMap((kind) => ["created", "updated", "deleted"].map((what) => `${kind}.${what}`)),
];

// watch calls changed when it begins to listen and after each change of anybody's. A page
// that is not seen does not listen: a browser has few connections, shared by its tabs.
export function watch(changed) {
  let stream;
  const deaf = () => {
    stream?.close();
    stream = undefined;
  };
  const hear = () => {
    if (document.hidden || stream) return;
    stream = new EventSource(new URL("events/stream?after=-1", root)); // from now on
    for (const kind of ["open", ...kinds]) stream.addEventListener(kind, changed);
    stream.onerror = () => { // it comes back by itself, unless it was refused
      if (stream?.readyState !== EventSource.CLOSED) return;
      deaf();
      setTimeout(hear, 10_000);
    };
  };
  document.addEventListener("visibilitychange", () => document.hidden ? deaf() : hear());
  addEventListener("pagehide", deaf);
  addEventListener("pageshow", (event) => { if (event.persisted) hear(); });
  hear();
}
