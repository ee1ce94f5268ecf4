import { element } from "./element.js";
import { sourceBadge, tagBadges } from "./badge.js";
import { ago, exactly } from "./time.js";

const mostTags = 2;

const columns = [
  { name: "Name", sorts: ["name", "name-desc"], directions: ["ascending", "descending"] },
  { name: "E-mail" }, { name: "Phone" }, { name: "Source" }, { name: "Tags" }, { name: "Groups" },
  { name: "Last seen", sorts: ["seen", "seen-asc"], directions: ["descending", "ascending"] },
];

// VisitorsTable shows a page of visitors. The arrow keys move between rows, Space selects and
// Enter opens; the Tab key stops at one row only.
export class VisitorsTable {
  #root;
  #table;
  #body;
  #whole;
  #message;
  #ids = [];
  #looks = []; // the data that each row shows
  #at = 0; // the row that the Tab key stops at
  #selection;
  #opened;
  #sorted;

  constructor(root, { selection, opened, sorted }) {
    this.#root = root;
    this.#selection = selection;
    this.#opened = opened;
    this.#sorted = sorted;
    this.#whole = element("input", {
      type: "checkbox", id: "whole-page",
      onchange: () => selection.set(this.#ids, this.#whole.checked, this.#ids),
    });
    // Explicit roles: rows become cards on a narrow screen, and some screen readers ignore tables
    // with another layout.
    this.#body = element("tbody", { role: "rowgroup" });
    this.#table = element("table", { role: "table", "aria-label": "Visitors" },
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" },
        element("th", { role: "columnheader", scope: "col", class: "tick" }, element("label", { class: "whole" }, this.#whole, element("span", {}, "Select this page"))),
        columns.map((column) => this.#heading(column)))),
      this.#body);
    this.#message = element("div", { class: "message", hidden: true });
    this.#root.append(this.#table, this.#message);
    this.#body.addEventListener("keydown", (event) => this.#key(event));
    this.#body.addEventListener("focusin", (event) => this.#stopAt(this.#rows().indexOf(event.target.closest("tr"))));
    this.loading();
  }

  #heading({ name, sorts }) {
    const label = sorts ? element("button", { type: "button", class: "sorter", onclick: () => this.#sorted(sorts) }, name) : name;
    return element("th", { role: "columnheader", scope: "col", class: className(name), "data-sorts": sorts?.join(" ") }, label);
  }

  #rows() { return [...this.#body.rows]; }

  // showOrder marks the column that the rows are sorted by.
  showOrder(order) {
    for (const { name, sorts, directions } of columns.filter((column) => column.sorts)) {
      const heading = this.#table.querySelector(`th.${className(name)}`);
      const at = sorts.indexOf(order);
      if (at < 0) heading.removeAttribute("aria-sort");
      else heading.setAttribute("aria-sort", directions[at]);
    }
  }

  // loading shows empty rows before the first response.
  loading() {
    this.busy(true);
    this.#say();
    const row = () => element("tr", { class: "ghost", role: "row" }, Array.from({ length: columns.length + 1 }, () => element("td", { role: "cell" }, element("span"))));
    this.#body.replaceChildren(...Array.from({ length: 8 }, row));
  }

  busy(is) {
    this.#root.setAttribute("aria-busy", String(is));
  }

  // show shows visitors, with the details of their tags, groups and sources.
  show(visitors, { tags, groups, sources }) {
    const focused = this.#body.contains(document.activeElement) ? document.activeElement : undefined;
    const [id, part] = [focused?.closest("tr")?.dataset.id, focused?.type === "checkbox" ? "input" : "button"];
    this.busy(false);
    this.#say();
    const [before, old] = [this.#ids, this.#rows()];
    this.#ids = visitors.map((v) => v.id);
    const looks = visitors.map((v) => JSON.stringify([v, tags, groups, v.last_seen_at && ago(v.last_seen_at)]));
    if (before.length > 0 && before.join() === this.#ids.join()) {
      // Unchanged rows are kept, so that a press in progress is not lost.
      visitors.forEach((v, i) => { if (looks[i] !== this.#looks[i]) old[i].replaceWith(this.#row(v, tags, groups, sources)); });
    } else {
      this.#body.replaceChildren(...visitors.map((v) => this.#row(v, tags, groups, sources)));
    }
    this.#looks = looks;
    this.showSelection();
    this.#stopAt(Math.max(0, Math.min(this.#at, visitors.length - 1)));
    if (focused) (this.#rowOf(id) ?? this.#rows()[this.#at])?.querySelector(part).focus();
  }

  // say shows a message with actions instead of rows.
  say(title, text, ...actions) {
    this.busy(false);
    this.#ids = this.#looks = [];
    this.#body.replaceChildren();
    this.#say(element("h2", {}, title), element("p", {}, text), ...actions);
  }

  #say(...words) {
    this.#message.replaceChildren(...words);
    this.#message.hidden = !words.length;
    this.#table.hidden = words.length > 0;
  }

  #row(v, allTags, groups, sources) {
    const tags = v.tags?.map((tag) => ({ ...tag, description: allTags.find(({ id }) => id === tag.tag)?.description }));
    const name = element("bdi", {}, v.name);
    const nameId = `name-${v.id}`;
    return element("tr", { role: "row", "data-id": v.id },
      element("td", { role: "cell", class: "tick" }, element("label", {},
        element("span", { class: "visually-hidden" }, "Select ", element("bdi", {}, v.name)),
        element("input", { type: "checkbox", onchange: (event) => this.#selection.set([v.id], event.target.checked, this.#ids) }))),
      element("td", { role: "cell", class: "name" }, element("button", { type: "button", id: nameId, class: "open", title: v.name, onclick: () => this.#opened(v.id) }, name)),
      element("td", { role: "cell", class: "e-mail", title: v.email }, v.email && element("bdi", {}, v.email)),
      element("td", { role: "cell", class: "phone" }, v.phone),
      element("td", { role: "cell", class: "source" }, sourceBadge(v.source, sources)),
      element("td", { role: "cell", class: "tags" }, tags && element("div", {}, tagBadges(tags, mostTags))),
      element("td", { role: "cell", class: "groups" }, groupNames(v.groups ?? [], groups)),
      element("td", { role: "cell", class: "last-seen" }, v.last_seen_at
        ? element("time", { datetime: v.last_seen_at, title: exactly(v.last_seen_at) }, ago(v.last_seen_at))
        : element("span", { class: "muted" }, "never")));
  }

  // showSelection updates the checkboxes.
  showSelection() {
    const ticked = this.#ids.filter((id) => this.#selection.has(id)).length;
    for (const row of this.#rows().filter((row) => row.dataset.id)) {
      const is = this.#selection.has(row.dataset.id);
      row.classList.toggle("ticked", is);
      row.querySelector("input").checked = is;
    }
    this.#whole.checked = ticked > 0 && ticked === this.#ids.length;
    this.#whole.indeterminate = ticked > 0 && ticked < this.#ids.length;
    this.#whole.disabled = !this.#ids.length;
  }

  #rowOf(id) { return this.#rows().find((row) => row.dataset.id === id); }

  // opener returns the button that opens a visitor, or that of the current row if it was deleted.
  opener(id) { return (this.#rowOf(id) ?? this.#rows()[this.#at])?.querySelector("button.open"); }

  focus() { this.#rows()[this.#at]?.querySelector("button.open")?.focus(); }

  #stopAt(at) {
    if (at < 0) return;
    this.#at = at;
    this.#rows().forEach((row, i) => {
      for (const control of row.querySelectorAll("input, button")) control.tabIndex = i === at ? 0 : -1;
    });
  }

  #key(event) {
    const rows = this.#rows();
    const at = rows.indexOf(event.target.closest("tr"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    rows[to]?.querySelector(event.target.type === "checkbox" ? "input" : "button")?.focus();
  }
}

const className = (name) => name.toLowerCase().replace(" ", "-");

function groupNames(ids, groups) {
  const names = ids.map((id) => groups.find((g) => g.id === id)?.name).filter(Boolean);
  return names.length > 0 && element("span", { title: names.join(", ") }, names.map((name, i) => [i > 0 && ", ", element("bdi", {}, name)]).flat());
}
