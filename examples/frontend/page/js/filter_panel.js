import * as api from "./api.js";
import { element } from "./element.js";
import { FacetChips } from "./facet_chips.js";
import { stateOf, without } from "./filter_text.js";
import { number } from "./time.js";

// FilterPanel has a chip for each source, tag and group, with the number of matches. The numbers
// are requested only while the panel is visible.
export class FilterPanel {
  #root = document.getElementById("filters");
  #note = document.getElementById("filters-note");
  #deletions = { tag: document.getElementById("delete-tag"), group: document.getElementById("delete-group") };
  #lists;
  #text = "";
  #known = { source: [], tag: [], group: [] };
  #counts; // for #text; undefined: not known
  #isCurrent = false; // #counts were requested after the last change

  // pressed is called with the field and the name of a chip, opened when the panel opens.
  constructor({ pressed, opened, deleted }) {
    const chips = (field, words) => new FacetChips(document.getElementById(`${field}s`), words, (name) => pressed(field, name));
    this.#lists = {
      source: chips("source", ["is", "is not"]),
      tag: chips("tag", ["has", "has not"]),
      group: chips("group", ["in", "not in"]),
    };
    for (const [kind, button] of Object.entries(this.#deletions)) button.addEventListener("click", () => deleted(kind));
    this.#root.addEventListener("toggle", () => { if (this.#root.open) opened(); });
    // On a wide screen the panel is always open.
    const wide = matchMedia("(min-width: 1240px)");
    const unfold = () => { this.#root.open = wide.matches; };
    wide.addEventListener("change", unfold);
    unfold();
  }

  // show shows the chips for a text. Their numbers stay if the text is the same; isCurrent is
  // false if they must be requested again.
  show(text, { sources, tags, groups }, isCurrent) {
    if (text !== this.#text || !isCurrent && !this.#root.open) this.#counts = undefined;
    this.#isCurrent &&= isCurrent && this.#counts !== undefined;
    this.#text = text;
    this.#known = {
      source: sources.map(({ value, label, badge, description }) => ({ name: value, label, color: badge, description })),
      tag: tags.map(({ name, color, description }) => ({ name, color, description })),
      group: groups.map(({ name, description }) => ({ name, description })),
    };
    this.#note.replaceChildren();
    this.#draw(!this.#isCurrent);
    this.#deletions.tag.hidden = !tags.length;
    this.#deletions.group.hidden = !groups.length;
    const active = this.#root.querySelectorAll('.chip:not([data-state="off"])').length;
    document.getElementById("filters-active").textContent = active ? `${number(active)} on` : "";
  }

  // count requests and shows the numbers, unless they are current or the panel is closed. Sources
  // are counted without the condition on sources, so that the others can be chosen too; likewise
  // excluded tags and groups.
  async count(signal) {
    if (!this.#root.open || this.#isCurrent) return;
    this.#note.replaceChildren();
    this.#draw(true);
    const text = this.#text;
    const texts = [text, without(text, "source"), without(text, "tag", "not"), without(text, "group", "not")];
    const answers = new Map([...new Set(texts)].map((of) => [of, api.facets(of, signal)]));
    const [all, sources, excludedTags, excludedGroups] = await Promise.all(texts.map((of) => answers.get(of)));
    const byTag = ({ tags }) => new Map(tags.map(({ tag, count }) => [tag.name, count]));
    const byGroup = ({ groups }) => new Map(groups.map(({ group, count }) => [group.name, count]));
    const bySource = new Map(sources.sources.map(({ source, count }) => [source, count]));
    this.#counts = {
      source: { matches: bySource, excluded: bySource },
      tag: { matches: byTag(all), excluded: byTag(excludedTags) },
      group: { matches: byGroup(all), excluded: byGroup(excludedGroups) },
    };
    this.#isCurrent = true;
    this.#draw(false);
  }

  // stop shows that nothing is being counted, and removes numbers that are not current.
  stop() {
    if (!this.#isCurrent) this.#counts = undefined;
    this.#draw(false);
  }

  // uncounted shows that the numbers are not available, with a button to request them again.
  uncounted(reason, again) {
    this.stop();
    const retry = () => {
      again();
      this.#root.querySelector('.chip[tabindex="0"]')?.focus(); // the button disappears
    };
    this.#note.replaceChildren(`Counts are not available. ${reason} `,
      element("button", { type: "button", class: "link", onclick: retry }, "Try again"));
  }

  #draw(counting) {
    for (const [field, list] of Object.entries(this.#lists)) {
      const counts = this.#counts?.[field];
      const known = this.#known[field];
      // Visitors can still have a source that was removed.
      const removed = field !== "source" || !counts ? [] : [...counts.matches.keys()].filter((name) => !known.some((k) => k.name === name));
      list.show([...known, ...removed.map((name) => ({ name }))].map((chip) => {
        const state = stateOf(this.#text, field, chip.name);
        return { ...chip, state, count: counts?.[state === "not" ? "excluded" : "matches"].get(chip.name) };
      }), counting);
    }
  }
}
