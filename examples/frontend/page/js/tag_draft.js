import { element, freshId } from "./element.js";
import { colorName, paint } from "./color.js";
import { tagBadge } from "./badge.js";

// TagDraft is the form for colour and description of a new tag.
export class TagDraft {
  #name;
  #color;
  #description = element("input", { type: "text", maxlength: 300, autocomplete: "off", placeholder: "What it is for" });
  #preview = element("span", { class: "preview" });
  root;

  constructor(name, { palette, made, left }) {
    this.#name = name;
    this.#color = palette[[...name].reduce((sum, c) => sum + c.codePointAt(0), 0) % palette.length].value;
    const group = freshId("color");
    const swatch = ({ value: color }) => element("label", { class: "swatch", title: colorName(color) },
      element("input", { type: "radio", name: group, value: color, checked: color === this.#color, onchange: () => this.#paint(color) }),
      paint(element("span", { "aria-hidden": "true" }), color),
      element("span", { class: "visually-hidden" }, colorName(color)));
    const descriptionId = this.#description.id = freshId("description");
    const make = () => made({ name: this.#name, color: this.#color, description: this.#description.value.trim() });
    this.root = element("fieldset", {
      class: "draft",
      onkeydown: (event) => {
        if (event.key !== "Enter" && event.key !== "Escape" || event.isComposing) return;
        if (event.key === "Enter" && event.target.tagName === "BUTTON") return;
        event.preventDefault(); // neither submits nor closes the outer form
        event.stopPropagation();
        event.key === "Enter" ? make() : left();
      },
    },
      element("legend", {}, "New tag ", this.#preview),
      element("div", { class: "swatches", role: "radiogroup", "aria-label": "Colour" }, palette.map(swatch)),
      element("label", { for: descriptionId }, "Description"),
      this.#description,
      element("div", { class: "draft-buttons" },
        element("button", { type: "button", onclick: make }, "Add tag"),
        element("button", { type: "button", class: "quiet", onclick: left }, "Discard")));
    this.#paint(this.#color);
  }

  focus() { this.#description.focus(); }

  #paint(color) {
    this.#color = color;
    this.#preview.replaceChildren(tagBadge({ name: this.#name, color }));
  }
}
