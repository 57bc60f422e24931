// Waiting for a registration whose outcome is not known yet.

import { get } from "./api.js";

const UNDECIDED = new Set(["intent", "sent", "outcome_unknown"]);
const REFUSALS = new Set(["rejected", "not_created"]);
const FIRST_WAIT_MS = 3_000;
const LONGEST_WAIT_MS = 30_000;
const GIVE_UP_AFTER_MS = 15 * 60_000;

const STILL_CHECKING = "We are still checking whether this registration went through.";
const SENTENCES = {
  intent: STILL_CHECKING,
  sent: STILL_CHECKING,
  outcome_unknown: STILL_CHECKING,
  confirmed: "Good news: your registration went through.",
  waitlisted: "Your registration went through: you are on the waiting list.",
  rejected: "The provider did not accept this registration.",
  not_created: "Your registration did not go through. Nothing was booked.",
  needs_operator: "We could not find out whether your registration went through. Our team is looking into it. Please do not submit it again.",
};

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

/** Return the decided submission, or null when nothing was decided in time or it was aborted. */
export async function outcome(path, signal) {
  let wait = FIRST_WAIT_MS;
  for (let waited = 0; waited < GIVE_UP_AFTER_MS; waited += wait) {
    await pause(wait, signal);
    if (signal.aborted) return null;
    try {
      const submission = await get(path);
      if (signal.aborted) return null;
      if (!UNDECIDED.has(submission.status)) return submission;
    } catch {
      // a failed look is no answer: the next one may tell
    }
    wait = Math.min(wait * 1.5, LONGEST_WAIT_MS);
  }
  return null;
}

/** Return whether a submission came to nothing. */
export function isRefusal(submission) {
  return REFUSALS.has(submission.status);
}

/** Return what a submission has come to, in a sentence. */
export function outcomeSentence(submission) {
  const sentence = SENTENCES[submission.status] ?? "Your registration changed.";
  const reference = submission.confirmation_ref;
  return reference ? `${sentence} Your confirmation: ${reference}` : sentence;
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
