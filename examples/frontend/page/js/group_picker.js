import { element, freshId } from "./element.js";
import { fold } from "./filter_text.js";
import { day } from "./time.js";

// GroupPicker selects contact groups with checkboxes, and adds new ones by name.
export class GroupPicker {
  #known;
  #list = element("div", { class: "group-list" });
  #fresh = [];
  #input;
  root;

  // known are all groups, chosen the ids of the ticked ones, memberships those of a visitor.
  constructor({ known, chosen = [], memberships = [] }) {
    this.#known = known;
    for (const group of known) this.#list.append(this.#line(group, chosen.includes(group.id), memberships.find((m) => m.group === group.id)));
    const inputId = freshId("group");
    this.#input = element("input", {
      type: "text", id: inputId, maxlength: 100, autocomplete: "off", placeholder: "Name of a new group",
      onkeydown: (event) => {
        if (event.key !== "Enter" || !this.#input.value.trim()) return;
        event.preventDefault(); // adds the group instead of submitting the form
        this.#add();
      },
    });
    this.root = element("fieldset", { class: "groups-field" },
      element("legend", {}, "Groups"),
      this.#list,
      element("div", { class: "new-group" },
        element("label", { class: "visually-hidden", for: inputId }, "New group"), this.#input,
        element("button", { type: "button", onclick: () => this.#add() }, "New group")));
  }

  #line(group, checked, membership) {
    return element("label", {}, element("input", { type: "checkbox", value: group.id, checked }),
      element("bdi", {}, group.name),
      membership?.at ? added(membership) : group.rule && element("span", { class: "muted" }, "by rule"));
  }

  #add() {
    const name = this.#input.value.trim();
    if (!name) return;
    this.#input.value = "";
    const existing = [...this.#known, ...this.#fresh].find((group) => fold(group.name) === fold(name));
    if (existing) {
      this.#box(existing.id).checked = true;
      return;
    }
    const group = { id: freshId("new"), name };
    this.#fresh.push(group);
    this.#list.append(this.#line(group, true));
    this.#box(group.id).scrollIntoView({ block: "nearest" });
  }

  #box(id) { return this.#list.querySelector(`input[value="${CSS.escape(id)}"]`); }

  // ids returns the ids of the ticked groups, after creating the new ones with make.
  async ids(make) {
    this.#add(); // a name that was typed but not entered
    for (const group of this.#fresh.filter((group) => this.#box(group.id)?.checked)) {
      const box = this.#box(group.id);
      const made = { ...group, ...await make(group).catch((problem) => { throw Object.assign(problem, { field: undefined }); }) };
      this.#fresh.splice(this.#fresh.indexOf(group), 1);
      this.#known.push(made);
      box.value = made.id;
    }
    return [...this.#list.querySelectorAll("input:checked")].map((box) => box.value).filter((id) => this.#known.some((group) => group.id === id));
  }

  get some() { return this.#list.querySelector("input:checked") !== null; }
}

const added = ({ at, actor, cause }) => element("span", { class: "muted", title: cause },
  `since ${day(at)}`, actor && [" by ", element("bdi", {}, actor)]);
