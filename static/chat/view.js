// Showing a Turn: bubbles, cards, buttons, and notices about where the data came from.

import { gettext } from "../words.js";
import { cardView } from "./cards.js";
import { buttonRow, el } from "./dom.js";

/** Return what somebody said; `who` is "us", "you" or "problem". */
export function bubble(text, who) {
  const speaker = who === "you" ? gettext("You:") : "SignupAssist:";
  return el(
    "div",
    { class: `bubble bubble-${who}` },
    el("span", { class: "visually-hidden", text: `${speaker} ` }),
    el("p", { text }),
  );
}

/** Return the line between one signup and the next. */
export function divider(text) {
  return el("p", { class: "divider", text });
}

/** Return whether two lists of cards say and offer the same. */
export function areSame(cards, others) {
  const text = (value) => JSON.stringify(value ?? [], (_, part) => (isObject(part) ? sorted(part) : part));
  return text(cards) === text(others);
}

/**
 * Return a whole Turn; `onPress(button, card)` hears of buttons, `form` is put below the cards;
 * `cards` are those of the Turn before, where they are still the same.
 */
export function turnView(turn, { onPress, form, cards = null }) {
  cards?.setAttribute("aria-live", "off"); // they were read out when they were new
  return el(
    "article",
    { class: "turn", tabindex: "-1", "aria-label": gettext("Answer") },
    turn.message ? bubble(turn.message, isFailure(turn.meta) ? "problem" : "us") : null,
    sampleNotice(turn),
    cards ?? cardsView(turn.cards ?? [], onPress),
    form,
    buttonRow(withoutFormSubmit(turn), (button) => onPress(button)),
  );
}

function cardsView(cards, onPress) {
  if (!cards.length) return null;
  return el("div", { class: "cards" }, ...cards.map((card) => cardView(card, onPress)));
}

/** Return what went wrong, as a sentence with its ways on. */
export function problemView(sentence, buttons, onPress) {
  return sentenceView(sentence, buttons, onPress, "problem");
}

/** Return a sentence with its ways on; `who` says it: "us" or "problem". */
export function sentenceView(sentence, buttons, onPress, who = "us") {
  const label = who === "problem" ? gettext("Problem") : gettext("Answer");
  return el(
    "article",
    { class: "turn", tabindex: "-1", "aria-label": label },
    bubble(sentence, who),
    buttonRow(buttons, (button) => onPress(button)),
  );
}

/** Return the label that the Turn gives to submitting its form. */
export function submitLabel(turn) {
  const button = (turn.cta ?? []).find((each) => each.action === "submit_form");
  return button?.label ?? gettext("Continue");
}

function isObject(part) {
  return part !== null && typeof part === "object" && !Array.isArray(part);
}

function sorted(part) { // a database may have put its members in another order
  return Object.fromEntries(Object.entries(part).sort());
}

function isFailure({ code } = {}) {
  return Boolean(code) && code !== "submission_outcome_unknown";
}

// The form has its own submit button, which knows the answers.
function withoutFormSubmit(turn) {
  return (turn.cta ?? []).filter((button) => !(turn.form && button.action === "submit_form"));
}

function sampleNotice({ meta = {}, cards }) {
  const isSample = meta.source === "mock" || (cards ?? []).some((card) => card.metadata?.sample === true);
  if (!isSample && !meta.degraded) return null;
  const reason = meta.degraded ? gettext("The provider service cannot be reached right now.") : null;
  return el(
    "p",
    { class: "sample" },
    el("span", { class: "pill pill-warn", text: gettext("Sample data") }),
    reason ? el("span", { text: reason }) : null,
  );
}
