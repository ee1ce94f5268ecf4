import * as api from "./api.js";
import { element, freshId } from "./element.js";
import { Dialog, field } from "./dialog.js";
import { change } from "./bulk_dialogs.js";
import { number, visitors } from "./time.js";

const digits = (text) => text.replace(/[\s,.]/g, "");

// openDelete confirms the permanent deletion of visitors. It shows what is deleted and what
// stays, and requires their number.
export function openDelete({ target, count, name, opener, done }) {
  const inputId = freshId("number");
  const input = element("input", { type: "text", id: inputId, inputmode: "numeric", autocomplete: "off", "data-first": true, class: "number" });
  const question = element("p");
  const ask = () => {
    question.replaceChildren(...(name ? ["You are about to delete ", element("b", {}, element("bdi", {}, name)), "."] : ["You are about to delete ", element("b", {}, visitors(count)), "."]));
    label.replaceChildren("Type ", element("b", {}, number(count)), " to delete");
  };
  const label = element("label", { for: inputId });
  ask();
  const dialog = new Dialog({
    title: count === 1 ? "Delete visitor" : "Delete visitors", confirm: "Delete permanently", danger: true, opener,
    content: [
      question,
      element("div", { class: "consequences" },
        element("section", { class: "goes" }, element("h3", {}, "This goes"), element("ul", {},
          ["Profile: name, e-mail, phone, attributes", "Tags they carry", "Memberships in groups", "Identities on channels"].map((what) => element("li", {}, what)))),
        element("section", { class: "stays" }, element("h3", {}, "This stays"), element("ul", {},
          ["Conversations kept elsewhere", "The tags and groups themselves"].map((what) => element("li", {}, what))))),
      element("p", { class: "warning" }, "This cannot be undone."),
      element("div", { class: "field" }, label, input, element("p", { class: "field-error", hidden: true })),
    ],
    submit: async (dialog) => {
      try {
        done((await change(dialog, "delete", target, [{}]))[0]);
      } catch (problem) {
        if (problem.code !== "count_changed") throw problem;
        count = target.count = problem.count;
        input.value = "";
        ask();
        dialog.allow(false);
        throw new Error(`The number has changed: ${visitors(count)} match now. Nothing was deleted.`);
      }
    },
  });
  input.addEventListener("input", () => dialog.allow(digits(input.value) === String(count)));
  dialog.open();
  dialog.allow(false);
  input.focus();
}

const kinds = {
  tag: { label: "Tag", lose: (n) => `${visitors(n)} ${n === 1 ? "loses" : "lose"} this tag. The visitors stay.` },
  group: { label: "Group", lose: (n) => `${visitors(n)} ${n === 1 ? "is" : "are"} in this group. The visitors stay.` },
};

// openDeleteOne chooses a tag or group to delete permanently, and shows how many visitors have it.
export function openDeleteOne({ kind, known, done }) {
  const { label, lose } = kinds[kind];
  const effect = element("p", { role: "status" });
  const list = element("select", { "data-first": true }, element("option", { value: "" }, "Choose…"),
    known.map(({ id, name }) => element("option", { value: id }, name)));
  const dialog = new Dialog({
    title: `Delete a ${kind}`, confirm: "Delete permanently", danger: true,
    content: [field(kind, label, list), effect, element("p", { class: "warning" }, "This cannot be undone.")],
    submit: async () => {
      await api.deleteOne(kind, list.value);
      done(`Deleted ${known.find(({ id }) => id === list.value).name}.`);
    },
  });
  list.addEventListener("change", async () => {
    const id = list.value;
    dialog.allow(false);
    effect.textContent = "";
    try {
      const n = id && await api.countVisitors(`${kind}:#${id}`);
      if (list.value !== id || !id) return; // another one was chosen in the meantime
      effect.textContent = lose(n);
      dialog.allow(true);
    } catch (problem) {
      dialog.refuse(problem);
    }
  });
  dialog.open();
  dialog.allow(false);
}
