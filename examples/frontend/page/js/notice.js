import { element } from "./element.js";

const shown = 8_000; // milliseconds

// notice shows a message below the page and to screen readers for a few seconds.
export function notice(text) {
  const box = document.getElementById("notices");
  const line = element("p", { class: "notice" }, text);
  box.replaceChildren(line);
  setTimeout(() => line.remove(), shown);
}
