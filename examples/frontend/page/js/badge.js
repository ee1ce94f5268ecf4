import { element } from "./element.js";
import { paint } from "./color.js";

// sourceBadge shows the source of a visitor. An unknown source is shown by its value.
export function sourceBadge(source, sources) {
  const known = sources.find((s) => s.value === source) ?? { label: source, badge: "#6b7280" };
  return paint(element("span", { class: "badge source", title: known.description }, known.label), known.badge, known.text);
}

// tagBadge shows a tag of a workspace or of a visitor.
export function tagBadge(tag) {
  return paint(element("span", { class: "badge tag", title: tag.description }, element("bdi", {}, tag.name)), tag.color);
}

// tagBadges shows the first tags and the number of the others.
export function tagBadges(tags, most) {
  const shown = tags.slice(0, most).map(tagBadge);
  const more = tags.slice(most);
  if (more.length) {
    const names = more.map((tag) => tag.name).join(", ");
    shown.push(element("span", { class: "more", title: names }, `+${more.length}`, element("span", { class: "visually-hidden" }, `: ${names}`)));
  }
  return shown;
}
