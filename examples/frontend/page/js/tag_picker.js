import { element, freshId } from "./element.js";
import { tagBadge } from "./badge.js";
import { fold } from "./filter_text.js";
import { TagDraft } from "./tag_draft.js";

const mostOptions = 50;

// TagPicker selects tags: type and choose an existing tag, or press Enter to create one with a
// colour and a description.
export class TagPicker {
  #known;
  #palette;
  #chosen;
  #canCreate;
  #active = -1;
  #options = [];
  #listId = freshId("tags");
  #badges = element("ul", { class: "chosen", "aria-label": "Chosen tags" });
  #list = element("ul", { role: "listbox", id: this.#listId, class: "options", "aria-label": "Tags", hidden: true });
  #draft = element("div", { class: "draft-place" });
  control;
  root;

  // known are all tags, chosen the initial selection. Without canCreate only known tags can be
  // chosen.
  constructor({ known, palette, chosen = [], canCreate = true }) {
    this.#known = known;
    this.#palette = palette;
    this.#chosen = [...chosen];
    this.#canCreate = canCreate;
    this.control = element("input", {
      type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", maxlength: 200,
      "aria-expanded": "false", "aria-controls": this.#listId, "aria-autocomplete": "list",
      placeholder: canCreate ? "Type a tag and press Enter" : "Type to find a tag",
      oninput: () => { this.#active = -1; this.#suggest(); },
      onkeydown: (event) => this.#key(event),
      onclick: () => this.#suggest(),
      onblur: () => this.#hide(),
    });
    this.root = element("div", { class: "picker" }, this.#badges, element("div", { class: "picker-input" }, this.control, this.#list), this.#draft);
    this.#showChosen();
  }

  // names returns the names of the chosen tags, after creating the new ones with make. Text that
  // was typed but not entered is an error.
  async names(make) {
    const about = (problem) => { throw Object.assign(problem, { field: "tags" }); };
    if (this.control.value.trim()) about(new Error("This tag is not added yet: press Enter in the field, or empty it."));
    for (const tag of this.#chosen.filter((tag) => tag.fresh)) {
      await make(tag).catch(about);
      tag.fresh = false;
    }
    return this.#chosen.map((tag) => tag.name);
  }

  get some() { return this.#chosen.length > 0; }

  #isChosen(name) { return this.#chosen.some((tag) => fold(tag.name) === fold(name)); }

  #choose(tag) {
    if (!this.#isChosen(tag.name)) this.#chosen.push(tag);
    this.control.value = "";
    this.#hide();
    this.#showChosen();
    this.control.dispatchEvent(new Event("chosen", { bubbles: true }));
    this.control.focus();
  }

  #drop(tag) {
    const at = this.#chosen.indexOf(tag);
    this.#chosen.splice(at, 1);
    this.#showChosen();
    this.control.dispatchEvent(new Event("chosen", { bubbles: true }));
    (this.#badges.querySelectorAll("button")[Math.min(at, this.#chosen.length - 1)] ?? this.control).focus();
  }

  #showChosen() {
    this.#badges.hidden = !this.#chosen.length;
    this.#badges.replaceChildren(...this.#chosen.map((tag) => {
      const badge = tagBadge(tag);
      badge.append(element("button", { type: "button", "aria-label": `Remove ${tag.name}`, onclick: () => this.#drop(tag) }, "×"));
      return element("li", {}, badge);
    }));
  }

  // suggest lists the tags that match the typed text, and an option to create one.
  #suggest() {
    const typed = this.control.value.trim();
    const fitting = this.#known.filter((tag) => !this.#isChosen(tag.name) && fold(tag.name).includes(fold(typed))).slice(0, mostOptions);
    this.#options = fitting.map((tag) => ({ tag, choose: () => this.#choose(tag) }));
    if (this.#canCreate && typed && !this.#exact(typed) && !this.#isChosen(typed)) this.#options.push({ name: typed, choose: () => this.#make(typed) });
    this.#list.replaceChildren(...this.#options.map(({ tag, name, choose }, i) =>
      element("li", { role: "option", id: `${this.#listId}-${i}`, "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); choose(); } },
        tag ? [tagBadge(tag), tag.description && element("span", { class: "muted" }, tag.description)] : element("span", {}, "New tag “", element("bdi", {}, name), "”"))));
    this.#list.hidden = !this.#options.length;
    this.control.setAttribute("aria-expanded", String(!this.#list.hidden));
    this.#activate(this.#active);
  }

  #exact(typed) { return this.#known.find((tag) => fold(tag.name) === fold(typed)); }

  #activate(at) {
    this.#active = this.#options.length ? Math.max(-1, Math.min(at, this.#options.length - 1)) : -1;
    [...this.#list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === this.#active)));
    const option = this.#list.children[this.#active];
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.control.setAttribute("aria-activedescendant", option.id);
    else this.control.removeAttribute("aria-activedescendant");
  }

  #hide() {
    this.#list.hidden = true;
    this.#options = [];
    this.#active = -1;
    this.control.setAttribute("aria-expanded", "false");
    this.control.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const typed = this.control.value.trim();
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (this.#list.hidden) this.#suggest();
      this.#activate(this.#active + step);
    } else if (event.key === "Escape" && !this.#list.hidden) {
      event.preventDefault(); // closes the list, not the dialog
      event.stopPropagation();
      this.#hide();
    } else if (event.key === "Backspace" && !this.control.value && this.#chosen.length) {
      this.#drop(this.#chosen.at(-1));
      this.control.focus();
    } else if (event.key === "Enter" && (typed || this.#active >= 0)) {
      event.preventDefault(); // chooses instead of submitting the form
      const exact = this.#exact(typed);
      if (this.#active >= 0) this.#options[this.#active].choose();
      else if (exact) this.#choose(exact);
      else if (this.#canCreate) this.#make(typed);
      else if (this.#options.length === 1) this.#options[0].choose();
    }
  }

  #make(name) {
    this.#hide();
    const draft = new TagDraft(name, {
      palette: this.#palette,
      made: (tag) => { this.#draft.replaceChildren(); this.#choose({ ...tag, fresh: true }); },
      left: () => { this.#draft.replaceChildren(); this.control.focus(); },
    });
    this.#draft.replaceChildren(draft.root);
    draft.focus();
  }
}
