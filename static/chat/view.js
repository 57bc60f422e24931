// Showing a Turn: bubbles, cards, buttons, and notices about where the data came from.

import { el, freshId, webAddress } from "./dom.js";

const VARIANTS = { accent: "accent", danger: "danger", destructive: "danger", quiet: "quiet" };
const TONES = { ok: "ok", confirmed: "ok", required: "warn", waitlisted: "warn", missing: "bad" };

/** Return what somebody said; `who` is "us", "you" or "problem". */
export function bubble(text, who) {
  const speaker = who === "you" ? "You: " : "SignupAssist: ";
  return el(
    "div",
    { class: `bubble bubble-${who}` },
    el("span", { class: "visually-hidden", text: speaker }),
    el("p", { text }),
  );
}

/** Return the sign that an answer is being worked on. */
export function typing() {
  return el(
    "div",
    { class: "bubble bubble-us typing" },
    el("span", { class: "visually-hidden", text: "SignupAssist is working on it" }),
    ...[1, 2, 3].map(() => el("span", { class: "dot", "aria-hidden": "true" })),
  );
}

/** Return the line between one signup and the next. */
export function divider(text) {
  return el("p", { class: "divider", text });
}

/** Return a whole Turn; `onPress(button, card)` hears of buttons, `form` is put below the cards. */
export function turnView(turn, { onPress, form }) {
  const cards = (turn.cards ?? []).map((card) => cardView(card, onPress));
  return el(
    "article",
    { class: "turn", tabindex: "-1", "aria-label": "Answer" },
    turn.message ? bubble(turn.message, isFailure(turn.meta) ? "problem" : "us") : null,
    sampleNotice(turn),
    cards.length ? el("div", { class: "cards" }, ...cards) : null,
    form,
    buttonRow(withoutFormSubmit(turn), (button) => onPress(button)),
  );
}

/** Return what went wrong, as a sentence with its ways on. */
export function problemView(sentence, buttons, onPress) {
  return sentenceView(sentence, buttons, onPress, "problem");
}

/** Return a sentence with its ways on; `who` says it: "us" or "problem". */
export function sentenceView(sentence, buttons, onPress, who = "us") {
  return el(
    "article",
    { class: "turn", tabindex: "-1", "aria-label": who === "problem" ? "Problem" : "Answer" },
    bubble(sentence, who),
    buttonRow(buttons, (button) => onPress(button)),
  );
}

/** Return the label that the Turn gives to submitting its form. */
export function submitLabel(turn) {
  const button = (turn.cta ?? []).find((each) => each.action === "submit_form");
  return button?.label ?? "Continue";
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
  const reason = meta.degraded ? "The provider service cannot be reached right now." : null;
  return el(
    "p",
    { class: "sample" },
    el("span", { class: "pill pill-warn", text: "Sample data" }),
    reason ? el("span", { text: reason }) : null,
  );
}

function cardView(card, onPress) {
  const { title, subtitle, description, metadata = {}, buttons = [] } = card;
  const titleId = freshId("card");
  const confirms = buttons.some((button) => button.action === "confirm_registration");
  const pill = pillOf(card);
  return el(
    "section",
    { class: confirms ? "card turn-card card-confirm" : "card turn-card", "aria-labelledby": titleId },
    el("div", { class: "card-head" }, el("h2", { id: titleId, text: title }), pill),
    subtitle && !metadata.prerequisite ? el("p", { class: "card-subtitle", text: subtitle }) : null,
    description ? el("p", { class: "card-description", text: description }) : null,
    link(metadata.url),
    attribution(metadata.attribution),
    buttonRow(buttons, (button) => onPress(button, card), titleId),
  );
}

/** Return what the metadata says about a card at a glance, or null. */
function pillOf({ subtitle, metadata = {} }) {
  if (metadata.prerequisite) {
    const tone = TONES[metadata.status] ?? "warn";
    return el("span", { class: `pill pill-${tone}`, text: subtitle || metadata.status || "Unknown" });
  }
  if (metadata.confirmation_ref && TONES[metadata.status]) {
    return el("span", { class: `pill pill-${TONES[metadata.status]}`, text: asWords(metadata.status) });
  }
  return metadata.spots_left === 0 ? el("span", { class: "pill pill-bad", text: "Full" }) : null;
}

/** Return whose data it is; their names are not to be translated or broken. */
function attribution(names) {
  return names ? el("p", { class: "card-attribution", translate: "no", text: names }) : null;
}

function link(url) {
  const href = webAddress(url);
  if (!href) return null;
  const text = `Open ${new URL(href).hostname}`;
  return el("p", {}, el("a", { href, rel: "noopener noreferrer", target: "_blank", text }));
}

/** Return a name like `ski_club` as words: "Ski club". */
export function asWords(name) {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function buttonRow(buttons, onPress, describedBy = null) {
  if (!buttons.length) return null;
  return el(
    "div",
    { class: "buttons" },
    ...buttons.map((button) => {
      const tone = VARIANTS[button.variant] ?? "";
      const element = el("button", {
        type: "button",
        class: `button ${tone}`.trim(),
        text: button.label,
        "aria-describedby": describedBy,
      });
      element.addEventListener("click", () => onPress(button));
      return element;
    }),
  );
}
