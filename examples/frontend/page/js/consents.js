import * as api from "./api.js";
import { element } from "./element.js";
import { Dialog, field } from "./dialog.js";
import { day } from "./time.js";

// Consents shows whether a visitor may be written to: for each channel the whole channel and each
// topic, why, and since when. A denial can be recorded by hand.
export class Consents {
  root = element("section", { class: "consents", "aria-labelledby": "consents-title", hidden: true });
  #id;

  constructor(id) { this.#id = id; }

  // load fetches what is known, and shows it.
  async load() {
    try {
      this.#show(await api.getConsents(this.#id));
    } catch (problem) {
      this.#show({ decisions: [] }, problem.message);
    }
  }

  #show(known, wrong) {
    const channels = [...new Set(known.decisions.map(({ channel }) => channel))];
    this.root.hidden = !channels.length && !wrong;
    this.root.replaceChildren(element("h3", { id: "consents-title" }, "May we write?"),
      wrong ? element("p", { class: "field-error" }, wrong) : "",
      ...channels.map((channel) => this.#channel(known, channel)));
  }

  #channel(known, channel) {
    const decisions = known.decisions.filter((d) => d.channel === channel);
    const name = decisions[0].channel_text;
    return element("div", { class: "channel", "data-channel": channel },
      element("header", {}, element("h4", {}, name),
        element("button", { type: "button", class: "quiet", "aria-label": `Record that ${name} is not wanted`, onclick: () => this.#deny(known, channel) }, "Not wanted…")),
      element("ul", {}, decisions.map((d) => decisionLine(d, known.entries))));
  }

  #deny(known, channel) {
    const decisions = known.decisions.filter((d) => d.channel === channel);
    const topic = element("select", {}, decisions.map((d) => element("option", { value: d.topic }, d.label || "All messages")));
    const reason = element("input", { type: "text", maxlength: "200", autocomplete: "off", "data-first": true });
    new Dialog({
      title: `${decisions[0].channel_text}: not wanted`, confirm: "Record", danger: true,
      content: [
        field("topic", "What", topic), field("cause", "Why", reason, "For example: asked by phone"),
        element("p", { class: "hint" }, "Only the person can take this back. It holds for the address, also after the visitor is deleted."),
      ],
      submit: async () => {
        if (!reason.value.trim()) throw Object.assign(new Error("Say how you know."), { field: "cause" });
        await api.recordConsents(known.subjects.filter((s) => s.channel === channel).map((subject) => ({
          subject, topic: topic.value, state: "denied", origin: "operator", evidence: { kind: "operator" }, cause: reason.value,
        })));
        await this.load();
      },
    }).open();
  }
}

function decisionLine(d, entries) {
  const why = entries.filter((e) => e.subject.channel === d.channel && ["", d.topic].includes(e.topic ?? "") && e.cause && (e.state === "granted") === d.allowed)
    .sort((a, b) => a.at < b.at ? -1 : 1).pop()?.cause;
  return element("li", { "data-topic": d.topic, class: d.allowed ? "yes" : "no" },
    element("span", { class: "mark", "aria-hidden": "true" }, d.allowed ? "✓" : "×"),
    element("span", { class: "what" }, element("b", {}, element("bdi", {}, d.label || "Any marketing")), " – ", d.text,
      d.since && [" since ", element("time", { datetime: d.since }, day(d.since))],
      d.until && [" until ", element("time", { datetime: d.until }, day(d.until))],
      d.since && why && [" (", element("bdi", {}, why), ")"]));
}
