// The line that a parent types into, and the button that says where they are.

import { gettext } from "../words.js";
import { setEnabled } from "./dom.js";
import { locationFinder } from "./location.js";

/** Return `{input, show}`; `onSay(message, near)` hears what was typed, `near` only in a search. */
export function composer(form, onSay) {
  const input = form.elements.message;
  const whereabouts = locationFinder(form.querySelector("[data-location]"));
  let isSearching = false;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const message = input.value.trim();
    if (!message || input.disabled) return;
    input.value = "";
    onSay(message, isSearching ? whereabouts.get() : null);
  });

  function show(session, isBusy) {
    const isOpen = session?.status === "open";
    isSearching = isOpen && session.step === "provider_search";
    setEnabled(form, isOpen && !isBusy);
    whereabouts.show(isSearching);
    if (session) input.placeholder = hint(session);
  }

  return { input, show };
}

function hint({ status, step }) {
  if (status === "completed" || status === "cancelled") return gettext("This signup is closed");
  if (status !== "open") return gettext("Your registration is being checked");
  return step === "provider_search" ? gettext("Name and town") : gettext("Type a message");
}
