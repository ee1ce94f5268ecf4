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

  constructor(root, turned) {
    this.#root = root;
    this.#turned = turned;
    root.append(this.#before, this.#where, this.#after);
    this.show("");
  }

  get cursor() { return this.#cursors.at(-1); }

  // restart tells that the first page is shown.
  restart() { this.#cursors = [""]; }

  // show tells of the page that is shown: next is where the following one starts.
  show(next) {
    this.#next = next;
    this.#before.disabled = this.#cursors.length === 1;
    this.#after.disabled = !next;
    this.#where.textContent = `Page ${number(this.#cursors.length)}`;
    this.#root.hidden = this.#cursors.length === 1 && !next;
  }

  #go(step) {
    if (step > 0) this.#cursors.push(this.#next);
    else this.#cursors.pop();
    this.#turned();
  }
}
