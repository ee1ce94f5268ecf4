import { element } from "./element.js";
import { number } from "./time.js";

// Pager turns pages by cursors: the next page starts after the last visitor of this one, and
// previous cursors are on a stack. So no visitor is skipped or repeated while others are created
// and deleted.
export class Pager {
  #cursors = [""];
  #next = "";
  #before = element("button", { type: "button", onclick: () => this.#go(-1) }, "Previous");
  #after = element("button", { type: "button", onclick: () => this.#go(1) }, "Next");
  #where = element("span", { class: "muted", role: "status" });
  #turned;
  #root;

  // turned is called with the cursors of the page to show.
  constructor(root, turned) {
    this.#root = root;
    this.#turned = turned;
    root.append(this.#before, this.#where, this.#after);
    this.show([""], "");
  }

  // cursors returns the cursors of all pages up to the shown one.
  get cursors() { return this.#cursors; }

  // show sets the cursors of the shown page and of the next one.
  show(cursors, next) {
    this.#cursors = cursors;
    this.#next = next;
    // aria-disabled keeps the focus on the button on the first or last page.
    this.#before.setAttribute("aria-disabled", cursors.length === 1);
    this.#after.setAttribute("aria-disabled", !next);
    this.#where.textContent = `Page ${number(cursors.length)}`;
    this.#root.hidden = cursors.length === 1 && !next;
  }

  #go(step) {
    if (step > 0 && this.#next) this.#turned([...this.#cursors, this.#next]);
    if (step < 0 && this.#cursors.length > 1) this.#turned(this.#cursors.slice(0, -1));
  }
}
