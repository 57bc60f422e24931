// A form from the field descriptions of a Turn. Its errors stand beside their fields, and where there
// are several, above them all as well.

import { gettext } from "../words.js";
import { el } from "./dom.js";
import { asList, buildField } from "./fields.js";

/**
 * Return `{element, fields, showErrors}`; `onSubmit(answers)` gets what was filled in. A form before
 * this one gives its place up: what was typed in there is in this one. So is what was put by (`typed`).
 */
export function buildForm(descriptions, { submitLabel, onSubmit, before = null, typed = new Map() }) {
  const fields = descriptions.map((description) => {
    const key = asked(description);
    return keptField(before, description) ?? { ...buildField(description, typed.get(key)), key };
  });
  before?.element.remove();
  const summary = el("div", { class: "error summary", role: "alert", tabindex: "-1", hidden: true });
  const element = el(
    "form",
    { class: "card turn-form", novalidate: true, autocomplete: "on" },
    summary,
    ...fields.map((field) => field.element),
    el("button", { class: "button accent", type: "submit", text: submitLabel }),
  );

  function showErrors(sentence, errors) {
    const rest = new Map(Object.entries(errors ?? {}));
    const wrong = [];
    for (const field of fields) {
      const key = [field.name, `answers.${field.name}`].find((name) => rest.has(name));
      const sentences = key === undefined ? [] : asList(rest.get(key));
      rest.delete(key);
      field.showError(sentences.join(" "));
      if (sentences.length) wrong.push(field);
    }
    const others = Array.from(rest.values()).flatMap(asList);
    const words = [sentence, ...others].filter(Boolean).join(" ");
    summary.replaceChildren(...(words ? [el("p", { text: words })] : []));
    if (wrong.length > 1) summary.append(wayTo(wrong)); // one alone has the focus anyway
    summary.hidden = !summary.hasChildNodes();
    (wrong[0]?.focusTarget ?? summary).focus();
  }

  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const unreadable = fields.filter((field) => field.isUnreadable());
    if (unreadable.length) {
      const errors = unreadable.map((field) => [field.name, [gettext("Please complete this, or clear it.")]]);
      showErrors("", Object.fromEntries(errors));
      return;
    }
    summary.hidden = true;
    for (const field of fields) field.showError("");
    const answers = fields.map((field) => [field.name, field.read()]);
    onSubmit(Object.fromEntries(answers.filter(([, answer]) => answer !== undefined)));
  });
  return { element, fields, showErrors };
}

/** Return the field of the form before that asks for the same, unless it only holds a given value that changed. */
function keptField(before, description) {
  const field = before?.fields.find((each) => asked(each.description) === asked(description));
  if (!field) return null;
  const isGivenAnew = JSON.stringify(field.description.value) !== JSON.stringify(description.value);
  return isGivenAnew && !field.isTouched() ? null : field;
}

function asked({ name, type, label, help, required, options }) {
  const choices = (options ?? []).map((option) => [option.value, option.label]);
  return JSON.stringify([name, type, label, help, required, choices]);
}

/** Return the list of the fields that need another look, each of which leads there. */
function wayTo(fields) {
  const way = (field) => {
    const button = el("button", { class: "link", type: "button", text: field.label });
    button.addEventListener("click", () => field.focusTarget.focus());
    return el("li", {}, button);
  };
  return el("ul", {}, ...fields.map(way));
}
