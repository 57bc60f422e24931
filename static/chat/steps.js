// The steps of a signup, and where the parent stands.

import { gettext, interpolate } from "../words.js";
import { el } from "./dom.js";

const STEPS = [
  ["provider_search", gettext("Find")],
  ["login", gettext("Log in")],
  ["program_selection", gettext("Program")],
  ["prerequisite_check", gettext("Checks")],
  ["form_fill", gettext("Form")],
  ["confirmation", gettext("Confirm")],
  ["completed", gettext("Done")],
];

/** Show the session's step in the list, and say it in words beside it. */
export function showStep(list, words, session) {
  const current = Math.max(0, STEPS.findIndex(([step]) => step === session.step));
  const isDone = session.step === "completed" && session.status === "completed";
  list.replaceChildren(
    ...STEPS.map(([, label], index) => {
      const state = index < current || isDone ? "done" : index === current ? "current" : "ahead";
      return el(
        "li",
        { class: `step step-${state}`, "aria-current": index === current ? "step" : null },
        el("span", { class: "step-mark", "aria-hidden": "true" }),
        el("span", { class: "step-label", text: label }),
        state === "done" ? el("span", { class: "visually-hidden", text: ` ${gettext("(done)")}` }) : null,
      );
    }),
  );
  const [number, count, name] = [current + 1, STEPS.length, STEPS[current][1]];
  words.textContent = interpolate(gettext("Step %(number)s of %(count)s: %(name)s"), { number, count, name });
}
