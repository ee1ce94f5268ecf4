import { element } from "./element.js";
import { number } from "./time.js";

// Pager goes from page to page by cursors: the next page starts after the last visitor seen,
// and those before are on a stack. So nobody is skipped or shown twice while visitors come
// and go.
export class Pager {
  #cursors = [""];
  #next = "";
  #before = element("button", { type: "button", onclick: () => this.#go(-1) }, "Previous");
  #after = element("button", { type: "button", onclick: () => this.#go(1) }, "Next");
  #where = element("span", { class: "muted", role: "status" });
  #turned;
  #root;

  // turned is told the cursors of the page to show.
  constructor(root, turned) {
    this.#root = root;
    this.#turned = turned;
    root.append(this.#before, this.#where, this.#after);
    this.show([""], "");
  }

  // cursors are those of the page that is shown, the last one, and of all before it.
  get cursors() { return this.#cursors; }

  // show tells of the page that is shown, and where the following one starts.
  show(cursors, next) {
    this.#cursors = cursors;
    this.#next = next;
    // A button that were disabled would lose the focus when the last page is come to.
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
