// One field of a form: how it looks, what was filled in, and the error beside it.

import { gettext } from "../words.js";
import { el, freshId } from "./dom.js";

const INPUT_TYPES = new Set(["text", "email", "tel", "number", "date"]);

/**
 * Return a field: its name and element, and how to read it (undefined: left empty) and mark it.
 * `typed` stands there instead of what is given: what was typed before (null: it was cleared).
 */
export function buildField(description, typed = undefined) {
  const id = freshId("field");
  const helpId = description.help ? `${id}-help` : null;
  const asGiven = buildControl(description, id);
  const control = typed === undefined ? asGiven : buildControl({ ...description, value: typed }, id);
  const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
  const help = helpId ? el("p", { class: "help", id: helpId, text: description.help }) : null;
  const parts = control.isGroup
    ? [el("legend", {}, ...labelParts(description)), ...control.elements]
    : description.type === "checkbox"
      ? [el("label", { class: "choice", for: id }, ...control.elements, el("span", {}, ...labelParts(description)))]
      : [el("label", { for: id }, ...labelParts(description)), ...control.elements];
  const element = el(control.isGroup ? "fieldset" : "div", { class: "field" }, ...parts, help, error);
  const described = control.isGroup ? element : control.focusTarget;

  function showError(sentence) {
    error.textContent = sentence;
    error.hidden = !sentence;
    const ids = [helpId, sentence ? error.id : null].filter(Boolean).join(" ");
    if (ids) described.setAttribute("aria-describedby", ids);
    else described.removeAttribute("aria-describedby");
    for (const input of control.isGroup ? control.inputs : [control.focusTarget]) {
      if (sentence) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
  showError("");
  const given = JSON.stringify(asGiven.read());
  const isTouched = () => control.isUnreadable() || JSON.stringify(control.read()) !== given;
  return { name: description.name, label: labelOf(description), description, element, showError, isTouched, ...control };
}

function labelParts(description) {
  const optional = description.required ? null : el("span", { class: "optional", text: ` ${gettext("(optional)")}` });
  return [el("span", { text: labelOf(description) }), optional];
}

function labelOf({ label, name }) {
  return String(label ?? name);
}

function buildControl(description, id) {
  if (description.type === "multiselect") return choices(description);
  if (description.type === "select") return select(description, id);
  if (description.type === "checkbox") return checkbox(description, id);
  return input(description, id);
}

function input(description, id) {
  const isLong = description.type === "textarea";
  const type = INPUT_TYPES.has(description.type) ? description.type : "text";
  const control = el(isLong ? "textarea" : "input", {
    id,
    type: isLong ? null : type,
    name: description.name,
    required: Boolean(description.required),
    step: type === "number" ? "any" : null,
    autocomplete: ["email", "tel"].includes(type) ? type : null,
  });
  if (description.value != null) control.value = description.value;
  const read = () => {
    const text = control.value.trim();
    if (text === "") return undefined;
    return type === "number" && !isLong ? Number(text) : text;
  };
  return { elements: [control], focusTarget: control, read, isUnreadable: () => control.validity.badInput };
}

function select(description, id) {
  const options = description.options ?? [];
  const control = el(
    "select",
    { id, name: description.name, required: Boolean(description.required) },
    el("option", { value: "", text: gettext("Please choose") }),
    ...options.map((option, index) => el("option", { value: index, text: option.label ?? option.value })),
  );
  const chosen = options.findIndex((option) => option.value === description.value);
  control.value = chosen < 0 ? "" : String(chosen);
  const read = () => (control.value === "" ? undefined : options[Number(control.value)].value);
  return { elements: [control], focusTarget: control, read, isUnreadable: () => false };
}

function checkbox(description, id) {
  const control = el("input", {
    id,
    type: "checkbox",
    name: description.name,
    required: Boolean(description.required),
  });
  control.checked = description.value === true;
  return { elements: [control], focusTarget: control, read: () => control.checked, isUnreadable: () => false };
}

function choices(description) {
  const options = description.options ?? [];
  const chosen = asList(description.value);
  const inputs = options.map((option) => {
    const box = el("input", { type: "checkbox", name: description.name });
    box.checked = chosen.includes(option.value);
    return box;
  });
  const elements = options.map((option, index) =>
    el("label", { class: "choice" }, inputs[index], el("span", { text: option.label ?? option.value })),
  );
  const read = () => {
    const ticked = options.filter((_, index) => inputs[index].checked).map((option) => option.value);
    return ticked.length ? ticked : undefined;
  };
  return { isGroup: true, inputs, elements, focusTarget: inputs[0], read, isUnreadable: () => false };
}

/** Return one value or several as a list. */
export function asList(value) {
  if (value == null) return [];
  return Array.isArray(value) ? value : [value];
}
