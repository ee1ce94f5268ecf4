import { element } from "./element.js";
import { atByte } from "./filter_text.js";

const pause = 450; // milliseconds without a key before what was typed is asked for

// FilterBar is the search field: names, addresses and numbers, or a filter in its text form.
// It tells of a text to look for, and shows where and why the server cannot read one.
export class FilterBar {
  #input = document.getElementById("filter");
  #clear = document.getElementById("filter-clear");
  #error = document.getElementById("filter-error");
  #changed;
  #timer;

  constructor(changed) {
    this.#changed = changed;
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#tell(), pause);
      this.#clear.hidden = !this.#input.value;
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#input.value) this.apply("");
    });
    document.getElementById("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tell({ entered: true });
    });
    this.#clear.addEventListener("click", () => {
      this.apply("");
      this.#input.focus();
    });
  }

  get text() { return this.#input.value; }

  // show puts a text into the field without asking for it.
  show(text) {
    clearTimeout(this.#timer);
    this.#input.value = text;
    this.#clear.hidden = !text;
  }

  // apply puts a text into the field and asks for it.
  apply(text) {
    this.show(text);
    this.#tell();
  }

  #tell(how = {}) {
    clearTimeout(this.#timer);
    this.#changed(this.text, how);
  }

  accept() {
    this.#input.removeAttribute("aria-invalid");
    this.#error.hidden = true;
    this.#error.replaceChildren();
  }

  // refuse shows a problem below the field: the reason, the place in what was typed, and
  // what could be meant instead. After Enter the cursor goes to the place.
  refuse(problem, { entered = false, filter = this.text } = {}) {
    const [from, to] = placeOf(problem, filter);
    const fixes = [];
    if (problem.suggestion && from !== undefined) {
      const fixed = filter.slice(0, from) + spell(problem.suggestion) + filter.slice(to);
      fixes.push(this.#fix(["Did you mean ", element("b", {}, element("bdi", {}, problem.suggestion)), "?"], fixed));
    } else if (problem.suggestion) {
      fixes.push(element("span", {}, "Did you mean ", element("b", {}, problem.suggestion), "?"));
    }

    this.#input.setAttribute("aria-invalid", "true");
    this.#error.replaceChildren(element("div", {},
      element("p", { class: "reason", role: "alert" }, sentence(problem.message)),
      from !== undefined && element("pre", { class: "place", "aria-hidden": "true" },
        filter.slice(0, from), element("mark", {}, filter.slice(from, to) || " "), filter.slice(to)),
      fixes.length > 0 && element("p", { class: "fixes" }, fixes)));
    this.#error.hidden = false;
    if (entered && from !== undefined) {
      this.#input.focus();
      this.#input.setSelectionRange(from, to);
    }
  }

  #fix(label, text) {
    return element("button", { type: "button", class: "fix", onclick: () => { this.apply(text); this.#input.focus(); } }, label);
  }
}

// placeOf returns where in the text the word begins and ends that a problem is about.
function placeOf(problem, text) {
  if (problem.position === undefined) return [];
  const from = atByte(text, problem.position);
  const [word] = /^"(?:[^"\\]|\\.)*"?|^[\p{L}\p{N}_.@&+#/-]*/su.exec(text.slice(from));
  return [from, from + Math.max(word.length, from < text.length ? 1 : 0)];
}

// spell writes a word as it stands in a filter.
const spell = (word) => /^[\p{L}\p{N}_][\p{L}\p{N}_.:@&+-]*$/u.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`;

// sentence makes a reason into one.
const sentence = (reason) => reason.slice(0, 1).toUpperCase() + reason.slice(1) + (/[.?!]$/.test(reason) ? "" : ".");
