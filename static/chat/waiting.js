// Waiting for an answer: three dots at first, then how long it can still take.

import { gettext, interpolate, ngettext } from "../words.js";
import { toolDeadline } from "./deadline.js";
import { el } from "./dom.js";

const STEP_S = 5; // the words and the bar move in such steps: a clock that ticks is no comfort
const LAST_STRETCH_S = 10; // of which a screen reader hears, and of the first word; not of each step

/** Return `{element, stop}` for a bubble that waits; `stop()` takes it away. */
export function waiting() {
  const deadline = toolDeadline();
  const began = performance.now();
  const heard = el("span", { class: "visually-hidden", text: gettext("SignupAssist is working on it") });
  const words = el("p", { class: "waiting-words", "aria-hidden": "true" }); // `heard` says it, at times
  const label = gettext("Time that the answer may still take");
  const bar = el("progress", { class: "waiting-bar", max: deadline, value: 0, "aria-label": label });
  const details = el("div", { class: "waiting", hidden: true }, words, bar);
  const dots = [1, 2, 3].map(() => el("span", { class: "dot" }));
  const element = el(
    "div",
    { class: "bubble bubble-us typing" },
    el("span", { class: "dots", "aria-hidden": "true" }, ...dots),
    heard,
    details,
  );
  let saidBefore = Infinity;

  function tell() {
    const passed = (performance.now() - began) / 1000;
    const left = Math.max(0, Math.ceil((deadline - passed) / STEP_S) * STEP_S);
    const sentence = stillTakes(left);
    words.textContent = sentence;
    bar.value = deadline - left;
    details.hidden = false;
    const isNews = saidBefore === Infinity || [LAST_STRETCH_S, 0].some((mark) => left <= mark && saidBefore > mark);
    if (isNews) heard.textContent = sentence;
    saidBefore = left;
  }

  const steps = setInterval(tell, STEP_S * 1000);
  return {
    element,
    stop() {
      clearInterval(steps);
      element.remove();
    },
  };
}

function stillTakes(seconds) {
  if (!seconds) return gettext("Still working. The answer must come any moment now.");
  const sentence = ngettext(
    "Still working. It can take up to %(seconds)s more second.",
    "Still working. It can take up to %(seconds)s more seconds.",
    seconds,
  );
  return interpolate(sentence, { seconds });
}
