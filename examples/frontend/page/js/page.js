import * as api from "./api.js";
import { element } from "./element.js";
import { visitors as inWords, number } from "./time.js";
import { notice } from "./notice.js";
import { FilterBar } from "./filter_bar.js";
import { FacetChips, next } from "./facet_chips.js";
import { stateOf, without, withState } from "./filter_text.js";
import { Selection } from "./selection.js";
import { SelectionBar } from "./selection_bar.js";
import { VisitorsTable } from "./visitors_table.js";
import { Pager } from "./pager.js";
import { VisitorForm } from "./visitor_form.js";
import { openDelete, openDeleteOne } from "./delete_dialog.js";
import { openAddToGroup, openTag, openUntag } from "./bulk_dialogs.js";

const limit = 50;

const create = document.getElementById("create");
const count = document.getElementById("count");
const order = document.getElementById("order");
const deletions = { tag: document.getElementById("delete-tag"), group: document.getElementById("delete-group") };

let schema = { sources: [], orders: [], palette: [] };
let tags = [], groups = []; // all of the workspace
let filter = ""; // the last valid one; the rows are its matches
let total = 0; // number of matches
let shown = false; // visitors have been shown
let refused = false; // the typed filter is invalid
let asked = new AbortController();
let remembered = false; // the URL is that of the shown page
let loading = 0; // requests in progress

const selection = new Selection(() => { table.showSelection(); selected.show(total); });
const table = new VisitorsTable(document.getElementById("table"), { selection, opened: open, sorted: sortBy });
const pager = new Pager(document.getElementById("pager"), async (cursors) => {
  await load({ cursors, facets: false });
  document.getElementById("results").scrollIntoView();
});
const bar = new FilterBar((text, how) => find(text, how));
const chips = (field, words) => new FacetChips(document.getElementById(`${field}s`), words, (name) => {
  // The state is taken from the text, because the chip may not show the previous press yet.
  bar.apply(withState(bar.text, field, name, next[stateOf(bar.text, field, name)]));
});
const facets = {
  source: chips("source", ["is", "is not"]),
  tag: chips("tag", ["has", "has not"]),
  group: chips("group", ["in", "not in"]),
};
const selected = new SelectionBar(selection, {
  all: () => { selection.setAll(filter, total); selectionFocus(); },
  Tag: () => openTag(bulk()),
  Untag: () => openUntag(bulk()),
  "Add to group": () => openAddToGroup(bulk()),
  Delete: () => openDelete({ ...bulk(), done: (result) => { selection.clear(); changed(`Deleted ${inWords(result.changed)}.`); } }),
});

// bulk returns the options of a bulk dialog.
const bulk = () => ({ target: selection.target, count: selection.size, palette: schema.palette, tags, groups: [...groups], done: changed });

const selectionFocus = () => document.querySelector("#selection .actions button").focus();

// changed shows what was done, and reloads the visitors.
async function changed(what) {
  notice(what);
  await load();
}

// find shows the first page of the visitors that match a text.
async function find(text, how = {}) {
  try {
    await load({ text, cursors: [""], rethrow: true });
    refused = false;
    bar.accept();
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (problem.status === 0 || problem.status >= 500) return failed(problem, () => find(text, how));
    if (!shown) await load({ text: "", cursors: [""] });
    refused = true;
    bar.refuse(problem, { ...how, filter: text });
  }
  showTotal();
}

// showTotal shows how many visitors match. An invalid filter leaves the last one in effect.
function showTotal() {
  count.textContent = inWords(total) + (!refused ? "" : filter ? ", by the last filter" : ", unfiltered");
}

// load shows a page of the visitors that match a text, the page of the last cursor, with counts.
async function load({ text = filter, cursors = pager.cursors, facets: counted = true, rethrow = false } = {}) {
  asked.abort();
  const { signal } = asked = new AbortController();
  loading++;
  table.busy(true);
  try {
    const counting = counted && countChips(text, signal);
    if (counting) counting.catch(() => {}); // an invalid text is reported by findVisitors
    const page = await api.findVisitors({ filter: text, order: order.value, after: cursors.at(-1), limit }, signal);
    const counts = await counting;
    if (!page.visitors.length && cursors.length > 1) return await load({ text, cursors: [""], rethrow }); // the page was emptied
    const visitors = await api.withRules(page.visitors, counts ? counts.main.groups.map((g) => g.group) : groups, signal);
    const never = !visitors.length && (await api.issues(text)).includes("contradiction");
    signal.throwIfAborted(); // from here on everything is shown, or nothing
    if (text !== filter) selection.clear();
    filter = text;
    shown = true;
    if (counts) showCounts(text, counts);
    pager.show(cursors, page.next);
    table.showOrder(order.value);
    if (visitors.length) table.show(visitors, { tags, groups, sources: schema.sources });
    else empty(never);
    if (selection.isAll) selection.setAll(filter, total);
    else selected.show(total);
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

// countChips counts the matches of each chip. Sources are counted without the condition on
// sources, so that the others can be chosen too; likewise excluded tags and groups.
async function countChips(text, signal) {
  const [all, sources, excludedTags, excludedGroups] = [text, without(text, "source"), without(text, "tag", "not"), without(text, "group", "not")];
  const asked = new Map();
  const ask = (of) => asked.get(of) ?? asked.set(of, api.facets(of, signal)).get(of);
  const [main, bySource, byTag, byGroup] = await Promise.all([all, sources, excludedTags, excludedGroups].map(ask));
  return { main, bySource, byTag, byGroup };
}

function showCounts(text, { main, bySource, byTag, byGroup }) {
  total = main.total;
  [tags, groups] = [main.tags.map((t) => t.tag), main.groups.map((g) => g.group)];
  showTotal();
  const chip = (field, name, more, counted, excluded) => {
    const state = stateOf(text, field, name);
    return { name, state, count: state === "not" ? excluded : counted, ...more };
  };
  facets.source.show(bySource.sources.map(({ source, count }) => {
    const known = schema.sources.find((s) => s.value === source);
    return chip("source", source, { label: known?.label, color: known?.badge, description: known?.description }, count, count);
  }));
  facets.tag.show(main.tags.map(({ tag, count }, i) => chip("tag", tag.name, { color: tag.color, description: tag.description }, count, byTag.tags[i]?.count ?? 0)));
  facets.group.show(main.groups.map(({ group, count }, i) => chip("group", group.name, { description: group.description }, count, byGroup.groups[i]?.count ?? 0)));
  deletions.tag.hidden = !tags.length;
  deletions.group.hidden = !groups.length;
  const active = document.querySelectorAll('.chip:not([data-state="off"])').length;
  document.getElementById("filters-active").textContent = active ? `${number(active)} on` : "";
}

function empty(never) {
  if (filter.trim()) {
    table.say("No visitors match", never ? "The conditions of the filter contradict each other." : "No visitor matches the search and the filters.", element("button", { type: "button", onclick: () => bar.apply("") }, "Clear the filter"));
  } else {
    table.say("No visitors yet", "People who write to you on a channel appear here, and those you create.", element("button", { type: "button", class: "primary", onclick: openCreate }, "Create the first"));
  }
}

function failed(problem, again) {
  count.textContent = "";
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
  load({ cursors: [""], facets: false });
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
deletions.tag.addEventListener("click", () => openDeleteOf("tag", tags));
deletions.group.addEventListener("click", () => openDeleteOf("group", groups));
order.addEventListener("change", sort);

// On a wide screen the filters are always open.
const wide = matchMedia("(min-width: 1240px)");
const filters = document.getElementById("filters");
const unfold = () => { filters.open = wide.matches; };
wide.addEventListener("change", unfold);
unfold();

// refresh shows changes by others after a delay, not during a request or a dialog.
let refreshing;
function refresh() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => loading || document.querySelector("dialog[open]") ? refresh() : load(), 500);
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
