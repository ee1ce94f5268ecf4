import { element } from "./element.js";
import { number, visitors } from "./time.js";

// SelectionBar tells how many visitors are ticked and what can be done with them. It offers
// all that match when the ticked ones are fewer.
export class SelectionBar {
  #root = document.getElementById("selection");
  #count = element("p", { class: "selected", role: "status" });
  #all = element("button", { type: "button", class: "link" });
  #selection;

  // actions are names of buttons and what they do.
  constructor(selection, { all, ...actions }) {
    this.#selection = selection;
    this.#all.addEventListener("click", all);
    const button = ([name, act]) => element("button", { type: "button", class: name === "Delete" ? "danger-text" : undefined, onclick: act }, name);
    this.#root.append(this.#count, this.#all, element("span", { class: "spring" }),
      element("div", { class: "actions" }, Object.entries(actions).map(button), element("button", { type: "button", class: "close quiet", "aria-label": "Clear the selection", onclick: () => selection.clear() }, "×")));
  }

  // show tells of the selection, of so many that match.
  show(matching) {
    const { size, isAll } = this.#selection;
    this.#root.hidden = size === 0;
    this.#count.textContent = size === 0 ? "" : isAll ? `All ${number(size)} matching selected` : `${visitors(size)} selected`;
    this.#all.textContent = `Select all ${number(matching)} matching`;
    this.#all.hidden = isAll || matching <= size;
  }
}
