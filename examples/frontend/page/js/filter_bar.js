import { element } from "./element.js";
import { atByte } from "./filter_text.js";

const pause = 450; // milliseconds without a key before the typed filter is applied

// FilterBar is the search field, for names, addresses and numbers or a filter in the text form.
// It calls changed with the text, and shows errors of the server at their position.
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
      this.#timer = setTimeout(() => this.#apply(), pause);
      this.#clear.hidden = !this.#input.value;
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#input.value) this.apply("");
    });
    document.getElementById("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#apply({ entered: true });
    });
    this.#clear.addEventListener("click", () => {
      this.apply("");
      this.#input.focus();
    });
  }

  get text() { return this.#input.value; }

  // show sets the text of the field without applying it.
  show(text) {
    clearTimeout(this.#timer);
    this.#input.value = text;
    this.#clear.hidden = !text;
  }

  // apply sets the text of the field and applies it.
  apply(text) {
    this.show(text);
    this.#apply();
  }

  #apply(how = {}) {
    clearTimeout(this.#timer);
    this.#changed(this.text, how);
  }

  accept() {
    this.#input.removeAttribute("aria-invalid");
    this.#error.hidden = true;
    this.#error.replaceChildren();
  }

  // refuse shows a problem below the field: the reason, the position in the text, and a
  // suggestion. After Enter the cursor moves to the position.
  refuse(problem, { entered = false, filter = this.text } = {}) {
    const [from, to] = placeOf(problem, filter);
    const fixes = [];
    if (problem.suggestion && from !== undefined) {
      const fixed = filter.slice(0, from) + quoted(problem.suggestion) + filter.slice(to);
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

// placeOf returns the start and end of the word with the problem.
function placeOf(problem, text) {
  if (problem.position === undefined) return [];
  const from = atByte(text, problem.position);
  const [word] = /^"(?:[^"\\]|\\.)*"?|^[\p{L}\p{N}_.@&+#/-]*/su.exec(text.slice(from));
  return [from, from + Math.max(word.length, from < text.length ? 1 : 0)];
}

// quoted returns a word as it is written in a filter.
const quoted = (word) => /^[\p{L}\p{N}_][\p{L}\p{N}_.:@&+-]*$/u.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`;

// sentence adds a capital letter and a full stop.
const sentence = (reason) => reason.slice(0, 1).toUpperCase() + reason.slice(1) + (/[.?!]$/.test(reason) ? "" : ".");
