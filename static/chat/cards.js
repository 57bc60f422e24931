// Showing a card: what it is, what it costs, how things stand with it, and what can be pressed.

import { gettext, interpolate, ngettext } from "../words.js";
import { buttonRow, el, freshId, webAddress } from "./dom.js";

const STANDINGS = { // how a prerequisite or a booking stands: tone and sign of its chip
  ok: ["ok", "✓"],
  confirmed: ["ok", "✓"],
  required: ["warn", "!"],
  waitlisted: ["warn", "…"],
  missing: ["bad", "✕"],
};
const FEW = 5; // spots that may be gone tomorrow

/** Return a card; `onPress(button, card)` hears of its buttons. */
export function cardView(card, onPress) {
  const { title, subtitle, description } = card;
  const metadata = card.metadata ?? {};
  const buttons = card.buttons ?? [];
  const titleId = freshId("card");
  const price = priceOf(metadata);
  const facts = factsOf(metadata);
  const chips = chipsOf(metadata);
  const said = facts ? textOf(metadata.consent) : description;
  const under = underTitle(subtitle, metadata, facts);
  return el(
    "section",
    { class: `card turn-card ${kindOf(metadata, buttons)}`.trim(), "aria-labelledby": titleId },
    el(
      "div",
      { class: "card-head" },
      el("h2", { id: titleId, text: title }),
      standing(metadata, subtitle),
      price ? el("p", { class: "card-price", text: price }) : null,
    ),
    under ? el("p", { class: "card-subtitle", text: under }) : null,
    chips.length ? el("p", { class: "card-chips" }, ...chips) : null,
    said ? el("p", { class: "card-description", text: said }) : null,
    facts,
    link(metadata.url),
    attribution(metadata.attribution),
    buttonRow(buttons, (button) => onPress(button, card), titleId),
  );
}

/** Return the line below the title, without what stands elsewhere on the card. */
function underTitle(subtitle, { prerequisite, schedule }, facts) {
  if (facts || prerequisite) return null;
  return typeof schedule === "string" ? schedule : subtitle;
}

function kindOf(metadata, buttons) {
  if (buttons.some((button) => button.action === "confirm_registration")) return "card-confirm";
  if (metadata.prerequisite) return "card-check";
  return metadata.confirmation_ref ? "card-receipt" : "";
}

/** Return the price as the server wrote it, else as this language writes it, else null. */
function priceOf({ price, price_cents: cents, currency }) {
  if (textOf(price)) return capital(price);
  if (!Number.isSafeInteger(cents) || cents < 0) return null;
  if (cents === 0) return gettext("Free");
  try {
    const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
    return format.format(cents / 100);
  } catch {
    return null; // no currency that anybody knows: a number alone would mislead
  }
}

function chipsOf({ spots_left: left, opens }) {
  const chips = [];
  if (left === 0) chips.push(chip("bad", gettext("Full")));
  else if (Number.isSafeInteger(left) && left > 0) {
    const words = ngettext("%(left)s spot left", "%(left)s spots left", left);
    chips.push(chip(left <= FEW ? "warn" : "", interpolate(words, { left })));
  }
  if (textOf(opens)) chips.push(chip("", capital(opens)));
  return chips;
}

/** Return how a prerequisite or a booking stands: in words, with a sign, and only then in colour. */
function standing({ prerequisite, status, confirmation_ref: reference }, subtitle) {
  const [tone, sign] = Object.hasOwn(STANDINGS, status ?? "") ? STANDINGS[status] : ["warn", "?"];
  if (prerequisite) return chip(tone, subtitle || textOf(status) || gettext("Unknown"), sign);
  if (!reference || !Object.hasOwn(STANDINGS, status ?? "")) return null;
  const words = status === "confirmed" ? gettext("Confirmed") : gettext("Waiting list");
  return chip(tone, words, sign);
}

function chip(tone, text, sign = null) {
  return el(
    "span",
    { class: tone ? `pill pill-${tone}` : "pill" },
    sign ? el("span", { class: "chip-sign", "aria-hidden": "true", text: sign }) : null,
    el("span", { text }),
  );
}

/** Return what is agreed to as a list of labels and values, or null where there is none. */
function factsOf({ facts }) {
  if (!Array.isArray(facts)) return null;
  const rows = facts.filter((fact) => textOf(fact?.label) && textOf(fact?.value));
  if (!rows.length) return null;
  const row = ({ label, value }) => el("div", {}, el("dt", { text: label }), el("dd", { text: value }));
  return el("dl", { class: "facts" }, ...rows.map(row));
}

/** Return whose data it is; their names are not to be translated or broken. */
function attribution(names) {
  return textOf(names) ? el("p", { class: "card-attribution", translate: "no", text: names }) : null;
}

function link(url) {
  const href = webAddress(url);
  if (!href) return null;
  const text = interpolate(gettext("Open %(host)s"), { host: new URL(href).hostname });
  return el("p", { class: "card-link" }, el("a", { href, rel: "noopener noreferrer", target: "_blank", text }));
}

function textOf(value) {
  return typeof value === "string" && value.trim() ? value : null;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
