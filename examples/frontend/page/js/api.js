const root = new URL("api/", document.baseURI);

// Problem is an error of the server (RFC 9457), or the failure to reach it.
class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status; // 0: the server was not reached
    this.code = body.code;
    this.id = body.id; // of the tag or group that has the name
    this.field = body.field;
    this.position = body.position; // in bytes of the filter's UTF-8
    this.suggestion = body.suggestion;
    this.count = body.count; // the number of visitors that match now
    this.groups = body.groups; // ids of the groups whose rules mention the tag or group
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

// everyone replaces an empty search, because the server refuses an empty filter.
const everyone = "is:everyone";
const orEveryone = (filter) => filter.trim() || everyone;

export const schema = () => call("GET", "schema");

export const findVisitors = ({ filter, order, after, limit }, signal) =>
  call("GET", "visitors", { query: { filter: orEveryone(filter), order, after, limit }, signal });
export const facets = (filter, signal) => call("GET", "visitors/facets", { query: { filter: orEveryone(filter) }, signal });

// issues returns the codes of the warnings for a filter.
export const issues = async (filter) => (await call("POST", "filters/check", { body: { text: orEveryone(filter) } })).findings.map(({ issue }) => issue);

export const getVisitor = (id) => call("GET", `visitors/${id}`);
export const createVisitor = (draft, key) => call("POST", "visitors", { body: draft, headers: { "Idempotency-Key": key } });
export const updateVisitor = (id, revision, patch) =>
  call("PATCH", `visitors/${id}`, { body: patch, headers: { "If-Match": `"${revision}"` } });

export const getConsents = (id) => call("GET", `visitors/${id}/consents`);
export const recordConsents = (entries) => call("POST", "consents", { body: { entries } });

// changeMany performs an action on the visitors with the ids, or on all that the filter matches,
// if their number is as expected.
export const changeMany = (action, target, more = {}) =>
  call("POST", "visitors/bulk", { body: { action, ...("ids" in target ? { ids: target.ids } : { filter: orEveryone(target.filter), expect: target.count }), ...more } });

// planJob plans an action on the visitors with the ids, or on all that the filter matches, if their
// number is as expected. Nothing is changed before stepJob.
export async function planJob(action, target, more = {}) {
  const job = await call("POST", "jobs", { body: { action, ...("ids" in target ? { ids: target.ids } : { filter: orEveryone(target.filter) }), ...more } });
  if ("ids" in target || job.count === target.count) return job;
  await cancelJob(job.id);
  throw new Problem(409, { code: "count_changed", count: job.count, detail: "The number of visitors that match has changed. Nothing was done." });
}

// stepJob works on a job for a moment; how is "run" or "undo". It returns the job.
export const stepJob = (id, how) => call("POST", `jobs/${id}/${how}`);
export const cancelJob = (id) => call("POST", `jobs/${id}/cancel`);

export const listTags = async (signal) => (await call("GET", "tags", { signal })).tags;
export const listGroups = async (signal) => (await call("GET", "groups", { signal })).groups;

// A tag or group that someone else has created meanwhile is used.
export const createTag = ({ name, color, description }) => call("POST", "tags", { body: { name, color, description } }).catch(useExisting);
export const createGroup = ({ name }) => call("POST", "groups", { body: { name } }).catch(useExisting);

function useExisting(problem) {
  if (problem.code !== "exists") throw problem;
  return { id: problem.id };
}

// deleteOne deletes a tag or a group; kind is "tag" or "group". If the rules of groups mention
// it, the problem names these groups.
export async function deleteOne(kind, id) {
  try {
    await call("DELETE", `${kind}s/${id}`);
  } catch (problem) {
    if (problem.code !== "in_use") throw problem;
    const names = (await listGroups()).filter((group) => problem.groups.includes(group.id)).map(({ name }) => name);
    problem.message = `Needed by the rule of ${new Intl.ListFormat("en").format(names)}. Nothing was deleted.`;
    throw Object.assign(problem, { field: kind });
  }
}

export const countVisitors = async (filter, signal) =>
  (await call("GET", "visitors/count", { query: { filter: orEveryone(filter) }, signal })).count;

// withRules returns visitors with the ids of their groups: those they were added to, and those
// whose rule they match.
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

// watch calls changed when it connects and after each change by anyone. A hidden page does not
// connect, because the tabs of a browser share few connections.
export function watch(changed) {
  let stream;
  const disconnect = () => {
    stream?.close();
    stream = undefined;
  };
  const connect = () => {
    if (document.hidden || stream) return;
    stream = new EventSource(new URL("events/stream?after=-1", root)); // from now on
    for (const kind of ["open", ...kinds]) stream.addEventListener(kind, changed);
    stream.onerror = () => { // it reconnects by itself, unless it was refused
      if (stream?.readyState !== EventSource.CLOSED) return;
      disconnect();
      setTimeout(connect, 10_000);
    };
  };
  document.addEventListener("visibilitychange", () => document.hidden ? disconnect() : connect());
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
}
