import { element, rove } from "./element.js";
import { paint } from "./color.js";
import { number } from "./time.js";

// next is the state after a press.
export const next = { "": "has", has: "not", not: "" };

// FacetChips is a list of values to filter by, each with the number of visitors. A chip has three
// states: off, has, has not.
export class FacetChips {
  #root;
  #pressed;
  #words;
  #at = 0;

  // words are the labels of the states has and has not; pressed is called with the name of a chip.
  constructor(root, [has, not], pressed) {
    this.#root = root;
    this.#words = { "": "off", has, not };
    this.#pressed = pressed;
  }

  // show lists chips: {name, label, color, count, state, description}. A chip without a count shows
  // that it is being counted, or that the count is not available. Existing buttons are updated
  // rather than replaced, so that a press in progress is not lost.
  show(chips, counting) {
    this.#root.setAttribute("aria-busy", String(counting));
    const missing = counting ? ["…", "counting"] : ["–", "count not available"];
    const focused = this.#root.contains(document.activeElement) ? document.activeElement.dataset.name : undefined;
    const old = [...this.#root.querySelectorAll("button")];
    const fresh = chips.map((chip, i) => this.#chip(chip, i, missing));
    if (old.length === fresh.length && old.every((button, i) => button.dataset.name === fresh[i].dataset.name)) {
      old.forEach((button, i) => {
        button.dataset.state = fresh[i].dataset.state;
        button.title = fresh[i].title;
        button.replaceChildren(...fresh[i].childNodes);
      });
    } else {
      this.#root.replaceChildren(...fresh);
    }
    if (!chips.length) this.#root.replaceChildren(element("p", { class: "muted" }, "None yet"));
    this.#root.querySelector(`[data-name="${CSS.escape(focused ?? "")}"]`)?.focus();
    rove(this.#root, "button", Math.min(this.#at, chips.length - 1));
  }

  #chip({ name, label = name, color, count, state, description }, i, [sign, words]) {
    const button = element("button", {
      type: "button", class: "chip", "data-name": name, "data-state": state || "off", title: description,
      onclick: () => { this.#at = i; this.#pressed(name); },
    },
      color && paint(element("span", { class: "dot", "aria-hidden": "true" }), color),
      element("bdi", { class: "chip-name" }, label),
      element("span", { class: "visually-hidden" }, `, ${this.#words[state]}, `),
      state && element("span", { class: "chip-state", "aria-hidden": "true" }, this.#words[state]),
      element("span", { class: "chip-count" }, count !== undefined ? number(count) : [
        element("span", { "aria-hidden": "true" }, sign), element("span", { class: "visually-hidden" }, words),
      ]));
    return button;
  }
}
