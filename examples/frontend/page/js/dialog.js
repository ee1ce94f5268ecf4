import { element, freshId } from "./element.js";

// Dialog is a modal dialog with a title, a form and buttons. Escape and Cancel close it, a click
// outside does not. The focus then returns to where it was, or to the result of opener. While submit
// shows its progress with working, these stop it instead, and the dialog stays until it has ended.
export class Dialog {
  #root;
  #form;
  #error = element("p", { class: "dialog-error", role: "alert", hidden: true });
  #confirm;
  #cancel = element("button", { type: "button", onclick: () => this.#leave() }, "Cancel");
  #working = element("div", { class: "working", hidden: true });
  #stop; // of what is going on
  #opener;
  #before; // the element that had the focus

  // submit performs the action of the dialog; the dialog closes if it succeeds.
  constructor({ title, content, confirm, danger = false, submit, opener, extra, wide = false }) {
    const titleId = freshId("title");
    this.#opener = opener;
    this.#confirm = element("button", { type: "submit", class: danger ? "danger" : "primary" }, confirm);
    this.#form = element("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#submit(submit); } },
      element("header", {}, element("h2", { id: titleId }, title),
        element("button", { type: "button", class: "close quiet", "aria-label": "Close", onclick: () => this.#leave() }, "×")),
      element("div", { class: "dialog-content" }, content, this.#working, this.#error),
      element("footer", {}, extra, element("span", { class: "spring" }),
        this.#cancel, this.#confirm));
    this.#root = element("dialog", { "aria-labelledby": titleId, class: wide ? "wide" : undefined }, this.#form);
    this.#root.addEventListener("close", () => this.#closed());
    this.#root.addEventListener("cancel", (event) => { if (this.#stop) { event.preventDefault(); this.#leave(); } });
    this.#form.addEventListener("input", (event) => {
      const field = event.target.closest(".field");
      if (field) mark(field, "");
    });
  }

  open() {
    this.#before = document.activeElement;
    document.body.append(this.#root);
    this.#root.showModal();
    (this.#root.querySelector("[data-first]") ?? this.#confirm).focus();
    return this;
  }

  close() { this.#root.close(); }

  #leave() {
    if (!this.#stop) return this.close();
    this.#cancel.disabled = true;
    this.#stop();
  }

  // working shows how far the submitted action is: a text and a part of 1. stop is called to end it.
  working({ text, part }, stop) {
    this.#stop = stop;
    if (this.#working.hidden) {
      this.#working.replaceChildren(element("progress", { max: 1, "aria-label": "Progress" }), element("p", { role: "status" }));
      this.#working.hidden = false;
      this.#confirm.disabled = true;
      this.#cancel.textContent = "Stop";
      this.#working.scrollIntoView({ block: "nearest" });
    }
    this.#working.querySelector("progress").value = part;
    this.#working.querySelector("p").textContent = text;
  }

  #idle() {
    this.#stop = undefined;
    this.#working.hidden = true;
    this.#confirm.disabled = this.#cancel.disabled = false;
    this.#cancel.textContent = "Cancel";
  }

  #closed() {
    this.#root.remove();
    const to = this.#opener?.() ?? this.#before;
    if (to?.isConnected) to.focus();
  }

  // allow sets whether the dialog can be confirmed.
  allow(may) { this.#confirm.disabled = !may; }

  // refuse shows an error, at its field if it has one.
  refuse(problem) {
    const fields = [...this.#root.querySelectorAll(".field")];
    for (const field of fields) mark(field, field.dataset.field === problem.field ? problem.message : "");
    const at = fields.find((field) => field.dataset.field === problem.field);
    at?.querySelector("input, select").focus();
    const general = !at;
    this.#error.textContent = general ? problem.message : "";
    this.#error.hidden = !general;
    if (general) this.#error.scrollIntoView({ block: "nearest" });
  }

  async #submit(submit) {
    if (this.#confirm.disabled || this.#form.hasAttribute("aria-busy")) return;
    this.#form.setAttribute("aria-busy", "true");
    try {
      await submit(this);
      this.close();
    } catch (problem) {
      if (!this.#working.hidden) this.#idle();
      this.refuse(problem);
    } finally {
      this.#form.removeAttribute("aria-busy");
    }
  }
}

// mark shows the error of a field; "" removes it.
function mark(field, wrong) {
  const [control, line] = [field.querySelector("input, select"), field.querySelector(".field-error")];
  if (wrong) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
  line.textContent = wrong;
  line.hidden = !wrong;
}

// field returns a labelled control with a place for its error; whole is the element to show if
// the control is part of it.
export function field(name, label, control, hint, whole = control) {
  const [id, errorId, hintId] = [freshId(name), freshId("error"), freshId("hint")];
  control.id = id;
  control.setAttribute("aria-describedby", hint ? `${errorId} ${hintId}` : errorId);
  return element("div", { class: "field", "data-field": name },
    element("label", { for: id }, label),
    whole,
    hint && element("p", { class: "hint", id: hintId }, hint),
    element("p", { class: "field-error", id: errorId, hidden: true }));
}
