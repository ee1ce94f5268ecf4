import { element } from "./element.js";

const shown = 8_000; // milliseconds
const shownWithAction = 30_000;

// notice shows a message below the page and to screen readers for a few seconds. An action is a
// label and what its button does.
export function notice(text, action) {
  const box = document.getElementById("notices");
  const line = element("p", { class: "notice" }, element("span", {}, text),
    action && element("button", { type: "button", onclick: () => { line.remove(); action.act(); } }, action.label));
  box.replaceChildren(line);
  setTimeout(() => line.remove(), action ? shownWithAction : shown);
}
