// element creates an HTML element. Attributes that start with "on" are listeners; true sets and
// false omits an attribute. Children are elements or text. Text becomes a text node, so nothing
// that a visitor wrote is parsed as HTML.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

let ids = 0;

// freshId returns a unique id, for labels.
export const freshId = (what) => `${what}-${++ids}`;

// rove makes the items of a container one stop of the Tab key (roving tabindex); the arrow keys,
// Home and End move between them. Call it again after the items change; it keeps the position.
export function rove(container, selector, current = 0) {
  const items = [...container.querySelectorAll(selector)];
  const stop = items.find((item) => item === document.activeElement) ?? items[Math.min(current, items.length - 1)];
  for (const item of items) item.tabIndex = item === stop ? 0 : -1;
  container.onkeydown = (event) => {
    const at = items.indexOf(event.target);
    const step = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[event.key];
    const to = items[step];
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey || step === undefined) return;
    event.preventDefault();
    if (!to) return;
    for (const item of items) item.tabIndex = item === to ? 0 : -1;
    to.focus();
  };
}
