// The steps of a signup, and where the parent stands.

import { el } from "./dom.js";

const STEPS = [
  ["provider_search", "Find"],
  ["login", "Log in"],
  ["program_selection", "Program"],
  ["prerequisite_check", "Checks"],
  ["form_fill", "Form"],
  ["confirmation", "Confirm"],
  ["completed", "Done"],
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
        state === "done" ? el("span", { class: "visually-hidden", text: " (done)" }) : null,
      );
    }),
  );
  words.textContent = `Step ${current + 1} of ${STEPS.length}: ${STEPS[current][1]}`;
}
