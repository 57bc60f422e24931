// Ways on after a problem: the buttons that the API names, and where it names none, one of ours.

import { gettext } from "../words.js";

const GONE = new Set(["checkout_session_expired", "session_closed"]);

/**
 * Return the buttons to show under a problem. `again()` repeats the same request, `begin()` looks
 * for an unfinished signup or starts a new one, `show()` shows the registration that is in the way.
 */
export function waysOn(problem, { hasSession, again, begin, show }) {
  const retry = { label: gettext("Retry"), variant: "accent", run: again };
  if (!hasSession || problem.code === "network") return [retry];
  if (problem.code === "csrf_failed") {
    return [{ label: gettext("Reload the page"), variant: "accent", run: () => location.reload() }];
  }
  if (problem.code === "not_found") {
    return [{ label: gettext("Start again"), variant: "accent", run: begin }];
  }
  if (problem.status_url) return [{ label: gettext("Show that registration"), run: show }];
  const offered = problem.cta ?? [];
  if (problem.code === "key_unavailable") { // the key may be back soon: leaving comes second
    return [retry, ...offered.map((button) => ({ ...button, variant: "outline" }))];
  }
  if (offered.length) return offered;
  if (GONE.has(problem.code)) {
    return [{ label: gettext("Start a new signup"), action: "reset", payload: {}, variant: "accent" }];
  }
  return problem.retryable ? [retry] : [];
}
