import * as api from "./api.js";
import { Dialog, field } from "./dialog.js";
import { TagPicker } from "./tag_picker.js";
import { GroupPicker } from "./group_picker.js";
import { visitors } from "./time.js";
import { progress, run, summary } from "./job.js";

// change makes a change of many visitors as a job, whose progress the dialog shows. It can be
// stopped there. It returns the jobs that were made, one for each of the changes.
export async function change(dialog, action, target, changes) {
  const [jobs, stop] = [[], new AbortController()];
  for (const more of changes) {
    if (stop.signal.aborted) break;
    const job = await api.planJob(action, target, more);
    jobs.push(await run(job, "run", (job) => dialog.working(progress(job), () => stop.abort()), stop.signal));
    if (jobs.at(-1).state === "failed") throw new Error(jobs.at(-1).failure);
  }
  return jobs;
}

// openTag adds tags to visitors. done is called with what was done, and the jobs that did it.
export function openTag({ target, count, tags, palette, opener, done }) {
  const picker = new TagPicker({ known: tags, palette });
  picker.control.dataset.first = true;
  open({
    title: `Tag ${visitors(count)}`, confirm: "Tag", picker, opener,
    submit: async (dialog) => {
      const jobs = await change(dialog, "tag", target, [{ tags: await picker.names(api.createTag) }]);
      done(summary("Tagged", jobs[0]), jobs);
    },
  });
}

// openUntag removes tags from visitors.
export function openUntag({ target, count, tags, opener, done }) {
  const picker = new TagPicker({ known: tags, canCreate: false });
  picker.control.dataset.first = true;
  open({
    title: `Untag ${visitors(count)}`, confirm: "Untag", picker, opener,
    submit: async (dialog) => {
      const jobs = await change(dialog, "untag", target, [{ tags: await picker.names() }]);
      done(summary("Untagged", jobs[0]), jobs);
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
    submit: async (dialog) => {
      const jobs = await change(dialog, "add_to_group", target, (await picker.ids(api.createGroup)).map((group) => ({ group })));
      done(summary("Added", jobs.at(-1)), jobs);
    },
  }).open();
  dialog.allow(false);
  const look = () => dialog.allow(picker.some);
  picker.root.addEventListener("change", look);
  picker.root.addEventListener("click", look);
  picker.root.addEventListener("keyup", look);
  picker.root.querySelector("input").focus();
}
