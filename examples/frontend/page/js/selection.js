// Selection is the set of selected visitors: by id, on any pages, or all that a filter matches.
export class Selection {
  #ids = new Set();
  #all; // {filter, count}
  #changed;

  constructor(changed) { this.#changed = changed; }

  get size() { return this.#all?.count ?? this.#ids.size; }
  get isAll() { return this.#all !== undefined; }
  has(id) { return this.isAll || this.#ids.has(id); }

  // target returns the target of a bulk action.
  get target() { return this.#all ?? { ids: [...this.#ids] }; }

  // set selects or unselects visitors. If all of a filter are selected, unselecting one leaves
  // the others of the page.
  set(ids, ticked, onPage = []) {
    if (this.isAll) this.#ids = new Set(onPage);
    this.#all = undefined;
    for (const id of ids) ticked ? this.#ids.add(id) : this.#ids.delete(id);
    this.#changed();
  }

  setAll(filter, count) {
    this.#all = { filter, count };
    this.#changed();
  }

  clear() {
    this.#ids.clear();
    this.#all = undefined;
    this.#changed();
  }
}
