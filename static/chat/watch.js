// Waiting for a registration whose outcome is not known yet: it resolves on its own.

import { gettext, interpolate } from "../words.js";
import { get } from "./api.js";
import { el } from "./dom.js";

const UNDECIDED = new Set(["intent", "sent", "submitting", "outcome_unknown"]);
const REFUSALS = new Set(["rejected", "not_created"]);
const IS_GONE = new Set(["not_found", "checkout_session_expired"]); // there is nothing left to ask for
const FIRST_WAIT_MS = 3_000;
const LONGEST_WAIT_MS = 60_000;

const STILL_CHECKING = gettext("We are still checking whether this registration went through.");
const SENTENCES = {
  intent: STILL_CHECKING,
  sent: STILL_CHECKING,
  outcome_unknown: STILL_CHECKING,
  confirmed: gettext("Good news: your registration went through."),
  waitlisted: gettext("Your registration went through: you are on the waiting list."),
  rejected: gettext("The provider did not accept this registration."),
  not_created: gettext("Your registration did not go through. Nothing was booked."),
  needs_operator: gettext(
    "We could not find out whether your registration went through. Our team is looking into it. Please do not submit it again.",
  ),
};

/** Return whether nobody knows yet what has become of a session, or of a submission. */
export function isUndecided({ status }) {
  return UNDECIDED.has(status);
}

/** Return the path to ask, or null where the address is not one of our API's. */
export function statusPath(address) {
  if (!address) return null;
  try {
    const url = new URL(address, location.origin);
    const isOurs = url.origin === location.origin && url.pathname.startsWith("/api/v1/");
    return isOurs ? url.pathname + url.search : null;
  } catch {
    return null;
  }
}

/**
 * Return what a path answers once it is decided, or null when that was aborted. It is asked less
 * and less often, and not at all while nobody sees the page; `onLook()` hears of each vain look.
 * Throws a Problem where it is gone.
 */
export async function outcome(path, signal, onLook) {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
    await pause(wait, signal);
    if (signal.aborted) return null;
    try {
      const found = await get(path);
      if (signal.aborted) return null;
      if (!isUndecided(found)) return found;
    } catch (problem) {
      if (signal.aborted) return null;
      if (!problem.body || IS_GONE.has(problem.body.code)) throw problem;
      // a failed look is no answer: the next one may tell
    }
    onLook();
  }
}

/** Return the line that says that the page goes on looking; `looked()` tells it of a look. */
export function lookingOut() {
  const words = el("span", {
    text: gettext("I keep checking by myself. You may close this page: the answer will be here when you come back."),
  });
  const time = el("span", { class: "looked", "aria-live": "off" }); // else it is read out each time
  const sign = el("span", { class: "dot", "aria-hidden": "true" });
  const element = el("p", { class: "looking-out" }, sign, el("span", {}, words, time));
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });
  return {
    element,
    looked() {
      time.textContent = ` ${interpolate(gettext("Last look: %(time)s."), { time: format.format(new Date()) })}`;
    },
  };
}

/** Return whether a submission came to nothing. */
export function isRefusal(submission) {
  return REFUSALS.has(submission.status);
}

/** Return what a submission has come to, in a sentence. */
export function outcomeSentence(submission) {
  const known = Object.hasOwn(SENTENCES, submission.status ?? "");
  const sentence = known ? SENTENCES[submission.status] : gettext("Your registration changed.");
  const reference = submission.confirmation_ref;
  if (!reference) return sentence;
  return `${sentence} ${interpolate(gettext("Your confirmation: %(reference)s"), { reference })}`;
}

/** Resolve when the time has passed and somebody looks; at once when they come back to the page. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const over = new AbortController();
    const end = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const endIfSeen = () => {
      if (!document.hidden) end();
    };
    const timer = setTimeout(endIfSeen, milliseconds);
    document.addEventListener("visibilitychange", endIfSeen, { signal: over.signal });
    addEventListener("online", endIfSeen, { signal: over.signal });
    signal.addEventListener("abort", end, { signal: over.signal });
  });
}
