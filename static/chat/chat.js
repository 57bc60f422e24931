// The chat page: one conversation, kept by the API. This page remembers nothing of its own.

import { get, newKey, post } from "./api.js";
import { openDialog } from "./dialogs.js";
import { setEnabled } from "./dom.js";
import { buildForm } from "./form.js";
import { locationFinder } from "./location.js";
import { loginDialog } from "./login-dialog.js";
import { waysOn } from "./problems.js";
import { showStep } from "./steps.js";
import { bubble, divider, problemView, sentenceView, submitLabel, turnView, typing } from "./view.js";
import { isRefusal, outcome, outcomeSentence, statusPath } from "./watch.js";

const SESSIONS = "/api/v1/sessions";
const UNDECIDED = new Set(["submitting", "outcome_unknown"]);
const LEAVES_NO_TURN = new Set(["network", "rate_limited", "checkout_session_expired", "not_found"]);
const CLOSED = new Set(["completed", "cancelled"]);
const START_ANEW = { label: "Start a new signup", action: "reset", payload: {}, variant: "accent" };
const CHOOSES = /^(select_|credentials_)/; // such buttons stand on a card, and mean its title
const PATIENCE_MS = 8_000;

const find = (name) => document.querySelector(`[data-${name}]`);
const log = find("log");
const composer = find("composer");
const input = composer.elements.message;
const whereabouts = locationFinder(find("location"));
const startOver = find("start-over");
const startOverDialog = find("start-over-dialog");

let session = null; // of the newest turn
let newest = null; // {element, form, goesOn}: the turn whose buttons work; goesOn: with the form before
let trouble = null; // the newest problem's element: its buttons work too
let isBusy = false;
let watcher = new AbortController();

const dialog = loginDialog(find("login-dialog"), (credential) =>
  act("credentials_submitted", { credential_id: credential.id }, `Use “${credential.alias}”`),
);

/** Ask the API once; show what the parent said, then the answer or the problem. */
async function exchange(ask, { said = null, key = newKey(), focus = "answer" } = {}) {
  if (isBusy) return;
  const isFirst = !session; // then it stands at the top, below the news
  const sayings = said ? [add(bubble(said, "you"))] : [];
  const waiting = add(typing());
  const patience = setTimeout(() => waiting.append("Still working. This can take half a minute."), PATIENCE_MS);
  setBusy(true);
  if (!isFirst) reveal(sayings[0] ?? waiting);
  let show;
  try {
    const turn = await ask(key);
    show = () => showTurn(turn);
  } catch (problem) {
    if (!problem.body) throw problem;
    // what may have been done is asked for under the same key; a clear refusal is asked anew
    const again = () => exchange(ask, { key: problem.isUndecided ? key : newKey(), focus });
    const left = await turnLeftBy(problem.body);
    show = () => showProblem(problem.body, { again, sayings, left });
  } finally {
    clearTimeout(patience);
    waiting.remove();
    setBusy(false);
  }
  const shown = show();
  if (!shown) return;
  if (!isFirst) reveal(sayings[0] ?? shown);
  // a phone's keyboard stays away until it is asked for
  const asksToType = focus === "composer" && !input.disabled && (!newest?.form || newest.goesOn);
  const typesOn = asksToType && matchMedia("(pointer: fine)").matches;
  (typesOn ? input : shown).focus({ preventScroll: true });
}

/** Show a Turn as the newest one, and return its element. */
function showTurn(turn) {
  const before = turn.session.id === session?.id ? newest?.form : null;
  const form = turn.form?.length
    ? buildForm(turn.form, { submitLabel: submitLabel(turn), onSubmit: submitForm, before })
    : null;
  watcher.abort();
  retire(newest?.element);
  retire(trouble);
  trouble = null;
  if (session && turn.session.id !== session.id) add(divider("New signup"));
  session = turn.session;
  const isClosed = CLOSED.has(session.status);
  const offersReset = (turn.cta ?? []).some((button) => button.action === "reset");
  const shown = isClosed && !offersReset ? { ...turn, cta: [...(turn.cta ?? []), START_ANEW] } : turn;
  const element = add(turnView(shown, { onPress: press, form: form?.element }));
  newest = { element, form, goesOn: Boolean(form && before) };
  showSession();
  watch(turn);
  return newest.element;
}

/** Return the Turn that a failure left behind, or null where the one on the page still holds. */
async function turnLeftBy(body) {
  if (!session || body.errors || LEAVES_NO_TURN.has(body.code)) return null;
  const turn = body.turn ?? (await current(session.id).catch(() => null));
  const isNews = turn?.session?.id !== session.id || turn.session.version !== session.version;
  return turn && isNews ? turn : null;
}

/** Show a problem; return the element to look at, or null where a form shows the errors itself. */
function showProblem(body, { again, sayings, left }) {
  if (body.errors && newest?.form) {
    for (const saying of sayings) saying.remove();
    newest.form.showErrors(body.detail, body.errors);
    return null;
  }
  if (left && left.message === body.detail) return showTurn(left); // it says the same, and more
  retire(trouble);
  const show = () => showRegistration(body.status_url);
  const ways = waysOn(body, { hasSession: Boolean(session), again, begin: start, show });
  trouble = add(problemView(body.detail, ways, press));
  return left ? showTurn(left) : trouble;
}

function press(button, { title, metadata } = {}) {
  if (isBusy) return;
  if (button.run) button.run();
  else if (button.action === "show_login_dialog") dialog.open(button.payload ?? {}, metadata?.club);
  else act(button.action, button.payload, CHOOSES.test(button.action) ? `${button.label}: ${title}` : button.label);
}

function act(action, payload, said) {
  const path = `${SESSIONS}/${session.id}/actions`;
  return exchange((key) => post(path, { action, payload: payload ?? {} }, key), { said });
}

function submitForm(answers) {
  act("submit_form", { answers }, "Here are the details.");
}

/** Say how an earlier registration stands. */
async function showRegistration(address) {
  const path = statusPath(address);
  if (!path) return;
  const sentence = await get(path).then(outcomeSentence, (problem) => problem.message);
  reveal(add(bubble(sentence, "us")));
}

/** Say how an unknown outcome ended, once it is known. */
async function watch(turn) {
  watcher = new AbortController();
  const { signal } = watcher;
  const path = statusPath(turn.meta?.status_url);
  if (!path || !UNDECIDED.has(turn.session.status)) return;
  const submission = await outcome(path, signal);
  if (signal.aborted) return;
  if (!submission) {
    const sentence = "We are still checking. You may close this page: the answer will be here when you come back.";
    const again = { label: "Check again", run: () => (retire(trouble), watch(turn)) };
    trouble = add(sentenceView(sentence, [again], press));
    return;
  }
  const shownVersion = session.version;
  const now = await current(session.id).catch(() => null);
  if (signal.aborted) return;
  if (now) session = now.session;
  if (now?.meta && now.session.version !== shownVersion && !UNDECIDED.has(session.status)) {
    reveal(showTurn(now));
    return;
  }
  const ways = CLOSED.has(session.status) ? [START_ANEW] : [];
  retire(trouble);
  const who = isRefusal(submission) ? "problem" : "us";
  trouble = add(sentenceView(outcomeSentence(submission), ways, press, who));
  reveal(trouble);
  showSession();
}

/** Return the pending Turn of a session, with the session as it is now. */
async function current(id) {
  const { last_turn: turn, ...now } = await get(`${SESSIONS}/${id}`);
  return { message: "Here is where your signup stands.", ...turn, session: now };
}

function start() {
  return exchange(async (key) => {
    const { results } = await get(SESSIONS);
    const newest = results.find((each) => each.status !== "cancelled"); // a receipt stays in sight
    if (!newest) return post(SESSIONS, {}, key);
    session = newest; // where its turns cannot be shown, it can still be left
    return current(newest.id);
  }, { focus: "composer" });
}

function add(element) {
  log.append(element);
  return element;
}

function retire(element) {
  if (element) setEnabled(element, false);
}

function reveal(element) {
  element.scrollIntoView({ block: "start" });
}

function setBusy(busy) {
  isBusy = busy;
  if (newest) setEnabled(newest.element, !busy);
  if (trouble) setEnabled(trouble, !busy);
  showSession();
}

function showSession() {
  setEnabled(composer, session?.status === "open" && !isBusy);
  startOver.disabled = !session || isBusy;
  whereabouts.show(isSearching());
  if (!session) return;
  find("cancels").hidden = UNDECIDED.has(session.status);
  find("goes-on").hidden = !UNDECIDED.has(session.status);
  showStep(find("steps"), find("step-words"), session);
  if (CLOSED.has(session.status)) input.placeholder = "This signup is closed";
  else if (session.status !== "open") input.placeholder = "Your registration is being checked";
  else input.placeholder = session.step === "provider_search" ? "Name and town" : "Type a message";
}

function isSearching() {
  return session?.status === "open" && session.step === "provider_search";
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const message = input.value.trim();
  if (!message || isBusy) return;
  input.value = "";
  const path = `${SESSIONS}/${session.id}/messages`;
  const near = isSearching() ? whereabouts.get() : null;
  const body = near ? { message, location: near } : { message };
  exchange((key) => post(path, body, key), { said: message, focus: "composer" });
});

startOver.addEventListener("click", () => {
  if (CLOSED.has(session.status)) {
    press(START_ANEW);
    return;
  }
  startOverDialog.returnValue = "";
  openDialog(startOverDialog);
});
startOverDialog.addEventListener("close", () => {
  if (startOverDialog.returnValue === "reset") act("reset", {}, "Start over");
});

await start();
log.setAttribute("aria-busy", "false");
