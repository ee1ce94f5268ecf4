import * as api from "./api.js";
import { element } from "./element.js";
import { visitors as inWords } from "./time.js";
import { notice } from "./notice.js";
import { FilterBar } from "./filter_bar.js";
import { FilterPanel } from "./filter_panel.js";
import { next } from "./facet_chips.js";
import { stateOf, withState } from "./filter_text.js";
import { Selection } from "./selection.js";
import { SelectionBar } from "./selection_bar.js";
import { VisitorsTable } from "./visitors_table.js";
import { Pager } from "./pager.js";
import { VisitorForm } from "./visitor_form.js";
import { openDelete, openDeleteOne } from "./delete_dialog.js";
import { openAddToGroup, openTag, openUntag } from "./bulk_dialogs.js";
import { progress, run, summary, undone } from "./job.js";

const limit = 50;

const create = document.getElementById("create");
const count = document.getElementById("count");
const order = document.getElementById("order");

let schema = { sources: [], orders: [], palette: [] };
let tags = [], groups = []; // all of the workspace
let filter = ""; // the last valid one; the rows are its matches
let wanted = ""; // differs from filter until the rows of a search are shown, or it is refused
let total; // number of matches; undefined: not known
let counted = false; // total was requested after the last change
let shown = false; // visitors have been shown
let refused = false; // the typed filter is invalid
let asked = new AbortController();
let remembered = false; // the URL is that of the shown page
let loading = 0; // requests in progress

const selection = new Selection(() => { table.showSelection(); selected.show(total); });
const table = new VisitorsTable(document.getElementById("table"), { selection, opened: open, sorted: sortBy });
const pager = new Pager(document.getElementById("pager"), async (cursors) => {
  if (wanted !== filter) return; // the cursors are of the previous search
  await load({ cursors, recount: false });
  document.getElementById("results").scrollIntoView();
});
const bar = new FilterBar((text, how) => find(text, how));
const panel = new FilterPanel({
  // The state is taken from the text, because the chip may not show the previous press yet.
  pressed: (field, name) => bar.apply(withState(bar.text, field, name, next[stateOf(bar.text, field, name)])),
  opened: countAgain,
  deleted: (kind) => openDeleteOf(kind, { tag: tags, group: groups }[kind]),
});
const selected = new SelectionBar(selection, {
  all: () => { selection.setAll(filter, total); selectionFocus(); },
  Tag: () => openTag(bulk()),
  Untag: () => openUntag(bulk()),
  "Add to group": () => openAddToGroup(bulk()),
  Delete: () => openDelete({ ...bulk(), done: (job) => { selection.clear(); changed(summary("Deleted", job)); } }),
});

// bulk returns the options of a bulk dialog.
const bulk = () => ({ target: selection.target, count: selection.size, palette: schema.palette, tags, groups: [...groups], done: changedBy });

const selectionFocus = () => document.querySelector("#selection .actions button").focus();

// changed shows what was done, and reloads the visitors.
async function changed(what, action) {
  notice(what, action);
  await reload();
}

// changedBy is changed for what jobs did, which can be undone.
const changedBy = (what, jobs) => changed(what, jobs.some((job) => job.progress.changed) && { label: "Undo", act: () => undo(jobs) });

async function undo(jobs) {
  try {
    let last;
    for (const job of jobs.toReversed()) last = await run(job, "undo", (job) => notice(`Undoing: ${progress(job).text}`));
    await changed(undone(last));
  } catch (problem) {
    await changed(problem.message);
  }
}

// reload shows the page again; a search in progress starts again.
const reload = (how) => wanted === filter ? load(how) : find(wanted);

// find shows the first page of the visitors that match a text.
async function find(text, how = {}) {
  wanted = text;
  try {
    await load({ text, cursors: [""], rethrow: true });
    refused = false;
    bar.accept();
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (problem.status === 0 || problem.status >= 500) return failed(problem, () => find(text, how));
    wanted = filter;
    refused = true;
    if (shown) countAgain(); // the failed search has cancelled a count in progress
    else await load({ text: "", cursors: [""] });
    bar.refuse(problem, { ...how, filter: text });
  }
  showTotal();
}

// showTotal shows how many visitors match. An invalid filter leaves the last one in effect.
function showTotal(unknown = "Counting…") {
  const of = !refused ? "" : filter ? ", by the last filter" : ", unfiltered";
  count.textContent = (total === undefined ? unknown : inWords(total)) + of;
  if (selection.isAll && total !== undefined) selection.setAll(filter, total);
  else selected.show(total);
}

// load shows a page of the visitors that match a text, the page of the last cursor, and then the
// counts. It cancels the requests of an earlier load, also those of its counts.
async function load({ text = filter, cursors = pager.cursors, recount = true, rethrow = false } = {}) {
  asked.abort();
  const { signal } = asked = new AbortController();
  loading++;
  table.busy(true);
  try {
    const [page, allTags, allGroups] = await Promise.all([
      api.findVisitors({ filter: text, order: order.value, after: cursors.at(-1), limit }, signal),
      recount ? api.listTags(signal) : tags,
      recount ? api.listGroups(signal) : groups,
    ]);
    if (!page.visitors.length && cursors.length > 1) return await load({ text, cursors: [""], rethrow }); // the page was emptied
    const visitors = await api.withRules(page.visitors, allGroups, signal);
    const never = !visitors.length && (await api.issues(text)).includes("contradiction");
    signal.throwIfAborted(); // from here on everything is shown, or nothing
    if (text !== filter) {
      selection.clear();
      total = undefined;
    }
    if (recount) counted = false;
    filter = wanted = text;
    [tags, groups, shown] = [allTags, allGroups, true];
    panel.show(text, { sources: schema.sources, tags, groups }, !recount);
    pager.show(cursors, page.next);
    table.showOrder(order.value);
    if (visitors.length) table.show(visitors, { tags, groups, sources: schema.sources });
    else empty(never);
    showCounts(signal);
    remember();
  } catch (problem) {
    if (problem.name === "AbortError") { if (rethrow) throw problem; return; }
    table.busy(false);
    if (rethrow) throw problem;
    failed(problem, () => load({ text, cursors }));
  } finally {
    loading--;
  }
}

// showCounts requests and shows the number of matches, and then the numbers of the chips, which
// cost the server more: one after the other, because a browser opens only six connections to a
// server with HTTP/1.1, and slow counts would hold the next rows. What is current is not requested
// again.
async function showCounts(signal) {
  loading++;
  try {
    count.setAttribute("aria-busy", String(!counted));
    showTotal();
    if (!counted) {
      total = await api.countVisitors(filter, signal);
      counted = true;
      count.setAttribute("aria-busy", "false");
      showTotal();
    }
    await panel.count(signal);
  } catch (problem) {
    if (problem.name === "AbortError") return;
    count.setAttribute("aria-busy", "false");
    if (!counted) total = undefined;
    showTotal("Number not available");
    panel.uncounted(problem.message, countAgain);
  } finally {
    loading--;
  }
}

// countAgain shows the counts that are not current, unless a request in progress will show them.
function countAgain() {
  if (shown && !loading && wanted === filter) showCounts(asked.signal);
}

function empty(never) {
  if (filter.trim()) {
    table.say("No visitors match", never ? "The conditions of the filter contradict each other." : "No visitor matches the search and the filters.", element("button", { type: "button", onclick: () => bar.apply("") }, "Clear the filter"));
  } else {
    table.say("No visitors yet", "People who write to you on a channel appear here, and those you create.", element("button", { type: "button", class: "primary", onclick: openCreate }, "Create the first"));
  }
}

function failed(problem, again) {
  count.setAttribute("aria-busy", "false");
  count.textContent = "";
  panel.stop();
  table.say("That did not work", problem.message, element("button", { type: "button", onclick: again }, "Try again"));
}

// remember stores filter and order in the URL, for reloading, sharing and going back.
function remember() {
  const url = new URL(location);
  for (const [key, value, usual] of [["filter", filter, ""], ["order", order.value, "newest"]]) {
    value === usual ? url.searchParams.delete(key) : url.searchParams.set(key, value);
  }
  if (url.href === location.href) return;
  if (remembered) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

// recall shows the filter and order of the URL.
async function recall() {
  const wanted = new URL(location).searchParams;
  order.value = schema.orders.some(({ value }) => value === wanted.get("order")) ? wanted.get("order") : "newest";
  bar.show(wanted.get("filter") ?? "");
  await find(bar.text);
}

function sortBy(sorts) {
  order.value = sorts[(sorts.indexOf(order.value) + 1) % sorts.length];
  sort();
}

function sort() {
  reload({ cursors: [""], recount: false });
}

function openCreate() {
  new VisitorForm({ schema, tags, groups: [...groups], opener: () => create, done: (v) => changed(`Created ${v.name}.`) }).open();
}

async function open(id) {
  const opener = () => table.opener(id);
  try {
    const [visitor] = await api.withRules([await api.getVisitor(id)], groups);
    new VisitorForm({
      visitor, schema, tags, groups: [...groups], opener,
      done: (v) => changed(`Saved ${v.name}.`),
      remove: () => openDelete({
        target: { ids: [id] }, count: 1, name: visitor.name, opener,
        done: () => { if (selection.has(id) && !selection.isAll) selection.set([id], false); changed(`Deleted ${visitor.name}.`); },
      }),
    }).open();
  } catch (problem) {
    await changed(problem.status === 404 ? "This visitor no longer exists." : problem.message);
  }
}

// The typed filter can mention the deleted tag or group: the search field then shows the error.
function openDeleteOf(kind, known) {
  openDeleteOne({ kind, known, done: (what) => { notice(what); find(bar.text); } });
}

create.addEventListener("click", openCreate);
order.addEventListener("change", sort);

// refresh shows changes by others after a delay, not during a request or a dialog.
let refreshing;
function refresh() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => loading || document.querySelector("dialog[open]") ? refresh() : reload(), 500);
}

async function start() {
  try {
    schema = await api.schema();
  } catch (problem) {
    table.say("That did not work", problem.message, element("button", { type: "button", onclick: () => { table.loading(); start(); } }, "Try again"));
    return;
  }
  order.replaceChildren(...schema.orders.map(({ value, label }) => element("option", { value }, label)));
  await recall();
  remembered = true;
  addEventListener("popstate", recall);
  api.watch(refresh);
}

start();
