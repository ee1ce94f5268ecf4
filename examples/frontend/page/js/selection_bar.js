import { element } from "./element.js";
import { number, visitors } from "./time.js";

// SelectionBar shows the number of selected visitors and the bulk actions. It offers to select
// all that match.
export class SelectionBar {
  #root = document.getElementById("selection");
  #count = element("p", { class: "selected", role: "status" });
  #all = element("button", { type: "button", class: "link" });
  #selection;

  // actions are the names of buttons with their functions.
  constructor(selection, { all, ...actions }) {
    this.#selection = selection;
    this.#all.addEventListener("click", all);
    const button = ([name, act]) => element("button", { type: "button", class: name === "Delete" ? "danger-text" : undefined, onclick: act }, name);
    this.#root.append(this.#count, this.#all, element("span", { class: "spring" }),
      element("div", { class: "actions" }, Object.entries(actions).map(button), element("button", { type: "button", class: "close quiet", "aria-label": "Clear the selection", onclick: () => selection.clear() }, "×")));
  }

  // show updates the bar; matching is the number of matches, undefined if it is not known.
  show(matching) {
    const { size, isAll } = this.#selection;
    this.#root.hidden = size === 0;
    this.#count.textContent = size === 0 ? "" : isAll ? `All ${number(size)} matching selected` : `${visitors(size)} selected`;
    this.#all.hidden = isAll || matching === undefined || matching <= size;
    if (!this.#all.hidden) this.#all.textContent = `Select all ${number(matching)} matching`;
  }
}
