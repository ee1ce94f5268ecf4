import * as api from "./api.js";
import { Dialog, field } from "./dialog.js";
import { TagPicker } from "./tag_picker.js";
import { GroupPicker } from "./group_picker.js";
import { visitors } from "./time.js";

// summary describes the result of a bulk change.
const summary = (what, result) => {
  const more = [];
  if (result.unchanged) more.push(`${visitors(result.unchanged)} had it already`);
  if (result.missing?.length) more.push(`${visitors(result.missing.length)} no longer exist`);
  return `${what} ${visitors(result.changed)}.${more.length ? ` ${more.join(", ")}.` : ""}`;
};

// openTag adds tags to visitors.
export function openTag({ target, count, tags, palette, opener, done }) {
  const picker = new TagPicker({ known: tags, palette });
  picker.control.dataset.first = true;
  open({
    title: `Tag ${visitors(count)}`, confirm: "Tag", picker, opener,
    submit: async () => {
      const tags = await picker.names(api.createTag);
      done(summary("Tagged", await api.changeMany("tag", target, { tags })));
    },
  });
}

// openUntag removes tags from visitors.
export function openUntag({ target, count, tags, opener, done }) {
  const picker = new TagPicker({ known: tags, canCreate: false });
  picker.control.dataset.first = true;
  open({
    title: `Untag ${visitors(count)}`, confirm: "Untag", picker, opener,
    submit: async () => {
      const result = await api.changeMany("untag", target, { tags: await picker.names() });
      done(summary("Untagged", { ...result, unchanged: 0 }));
    },
  });
}

function open({ title, confirm, picker, opener, submit }) {
  const dialog = new Dialog({ title, confirm, opener, submit, content: field("tags", "Tags", picker.control, undefined, picker.root) }).open();
  dialog.allow(false);
  picker.root.addEventListener("chosen", () => dialog.allow(picker.some));
  picker.control.focus();
}

// openAddToGroup adds visitors to groups.
export function openAddToGroup({ target, count, groups, opener, done }) {
  const picker = new GroupPicker({ known: groups });
  const dialog = new Dialog({
    title: `Add ${visitors(count)} to groups`, confirm: "Add", opener, content: picker.root,
    submit: async () => {
      let last;
      for (const group of await picker.ids(api.createGroup)) last = await api.changeMany("add_to_group", target, { group });
      done(summary("Added", last));
    },
  }).open();
  dialog.allow(false);
  const look = () => dialog.allow(picker.some);
  picker.root.addEventListener("change", look);
  picker.root.addEventListener("click", look);
  picker.root.addEventListener("keyup", look);
  picker.root.querySelector("input").focus();
}
