import * as api from "./api.js";
import { element } from "./element.js";
import { Dialog, field } from "./dialog.js";
import { TagPicker } from "./tag_picker.js";
import { Consents } from "./consents.js";
import { GroupPicker } from "./group_picker.js";
import { exactly } from "./time.js";

// VisitorForm creates a visitor, or edits one from api.withRules.
export class VisitorForm {
  #visitor;
  #name;
  #email;
  #phone;
  #source;
  #tags;
  #groups;
  #consents;
  #dialog;
  #key; // idempotency key: sending twice creates one visitor

  // Without a visitor the form creates one. done is called with the saved visitor.
  constructor({ visitor, schema, tags, groups, opener, done, remove }) {
    this.#visitor = visitor;
    const text = (value, type, more) => element("input", { type, value: value ?? "", autocomplete: "off", ...more });
    this.#name = text(visitor?.name, "text", { required: true, "data-first": true });
    this.#email = text(visitor?.email, "text", { inputmode: "email", spellcheck: "false" }); // the type email modifies the input
    this.#phone = text(visitor?.phone, "tel");
    this.#source = element("select", { required: true },
      !visitor && element("option", { value: "" }, "Choose…"),
      schema.sources.map((s) => element("option", { value: s.value, selected: s.value === visitor?.source }, s.label)));
    this.#tags = new TagPicker({ known: tags, palette: schema.palette, chosen: visitor?.tags });
    this.#groups = new GroupPicker({ known: groups, chosen: visitor?.groups, memberships: visitor?.memberships });
    this.#consents = visitor && new Consents(visitor.id);
    this.#dialog = new Dialog({
      title: visitor ? "Edit visitor" : "Create visitor", confirm: "Save", opener, wide: true,
      content: [
        element("div", { class: "pair" }, field("name", "Name", this.#name), field("source", "Source", this.#source)),
        element("div", { class: "pair" }, field("email", "E-mail", this.#email), field("phone", "Phone", this.#phone, "With + and country code")),
        field("tags", "Tags", this.#tags.control, undefined, this.#tags.root),
        this.#groups.root,
        this.#consents?.root,
        visitor && this.#facts(),
      ],
      extra: visitor && element("button", { type: "button", class: "quiet danger-text", onclick: () => { this.#dialog.close(); remove(visitor); } }, "Delete…"),
      submit: async () => done(visitor ? await this.#update() : await this.#create()),
    });
  }

  open() {
    this.#dialog.open();
    this.#consents?.load();
  }

  #facts() {
    const v = this.#visitor;
    const known = (v.identities ?? []).map((i) => `${i.source}: ${i.username || i.external_id}${i.inboxes ? ` (through ${i.inboxes.join(", ")})` : ""}`);
    const fact = (name, value) => value && element("div", {}, element("dt", {}, name), element("dd", {}, element("bdi", {}, value)));
    return element("dl", { class: "facts" },
      fact("Created", exactly(v.created_at)), fact("Last seen", v.last_seen_at && exactly(v.last_seen_at)), fact("Known as", known.join(", ")));
  }

  #required() {
    if (!this.#name.value.trim()) throw Object.assign(new Error("A name is needed."), { field: "name" });
    if (!this.#source.value) throw Object.assign(new Error("Choose where this person was first met."), { field: "source" });
  }

  async #create() {
    this.#required();
    const tags = await this.#tags.names(api.createTag);
    const groups = await this.#groups.ids(api.createGroup);
    this.#key ??= crypto.randomUUID();
    try {
      return await api.createVisitor({
        name: this.#name.value, source: this.#source.value, email: this.#email.value, phone: this.#phone.value,
        tags, groups,
      }, this.#key);
    } catch (problem) {
      if (problem.status) this.#key = undefined; // the server responded: another try is another creation
      throw problem;
    }
  }

  async #update() {
    this.#required();
    const v = this.#visitor;
    const patch = {};
    for (const [name, control] of [["name", this.#name], ["email", this.#email], ["phone", this.#phone], ["source", this.#source]]) {
      if (control.value !== (v[name] ?? "")) patch[name] = control.value;
    }
    if (Object.keys(patch).length) this.#visitor = { ...await this.#patched(patch), groups: v.groups };
    const ids = { ids: [v.id] };
    const [had, has] = [(v.tags ?? []).map((tag) => tag.name), await this.#tags.names(api.createTag)];
    const [on, off] = [has.filter((name) => !had.includes(name)), had.filter((name) => !has.includes(name))];
    if (on.length) await api.changeMany("tag", ids, { tags: on });
    if (off.length) await api.changeMany("untag", ids, { tags: off });
    const [was, is] = [v.groups ?? [], await this.#groups.ids(api.createGroup)];
    for (const group of is.filter((id) => !was.includes(id))) await api.changeMany("add_to_group", ids, { group });
    for (const group of was.filter((id) => !is.includes(id))) await api.changeMany("remove_from_group", ids, { group });
    return api.getVisitor(v.id);
  }

  async #patched(patch) {
    try {
      return await api.updateVisitor(this.#visitor.id, this.#visitor.revision, patch);
    } catch (problem) {
      if (problem.status !== 409 && problem.status !== 412) throw problem;
      throw new Error("Someone else has changed this visitor meanwhile. Nothing was saved: close, and open the visitor again.");
    }
  }
}
