// The chat page: one conversation, kept by the API. This page remembers nothing of its own.

import { gettext, interpolate } from "../words.js";
import { get, newKey, post } from "./api.js";
import { composer } from "./composer.js";
import { setEnabled } from "./dom.js";
import { buildForm } from "./form.js";
import { loginDialog } from "./login-dialog.js";
import { waysOn } from "./problems.js";
import { startOver } from "./start-over.js";
import { showStep } from "./steps.js";
import { forget, putBy, takeBack } from "./typed.js";
import { areSame, bubble, divider, problemView, sentenceView, submitLabel, turnView } from "./view.js";
import { waiting } from "./waiting.js";
import { isRefusal, isUndecided, lookingOut, outcome, outcomeSentence, statusPath } from "./watch.js";

const SESSIONS = "/api/v1/sessions";
const LEAVES_NO_TURN = new Set(["network", "rate_limited", "checkout_session_expired", "not_found"]);
const CLOSED = new Set(["completed", "cancelled"]);
const START_ANEW = { label: gettext("Start a new signup"), action: "reset", payload: {}, variant: "accent" };
const MOVED_ON = gettext("This signup moved on in another window. Here is where it stands now.");
const CHOOSES = /^(select_|credentials_)/; // such buttons stand on a card, and mean its title

const find = (name) => document.querySelector(`[data-${name}]`);
const log = find("log");

let session = null; // of the newest turn
let newest = null; // {element, cards, form, goesOn}: the turn whose buttons work; goesOn: with the form before
let trouble = null; // the newest problem's element: its buttons work too
let isBusy = false;
let watcher = new AbortController();

const writing = composer(find("composer"), say);
const showStartOver = startOver(find("start-over"), find("start-over-dialog"), () =>
  act("reset", {}, CLOSED.has(session.status) ? START_ANEW.label : gettext("Start over")),
);
const dialog = loginDialog(find("login-dialog"), ({ id, alias }, { isCancelled }) => {
  const label = interpolate(gettext("Use “%(alias)s”"), { alias });
  const use = () => act("credentials_submitted", { credential_id: id }, label);
  if (!isCancelled) return use();
  const words = gettext("“%(alias)s” was saved before you cancelled. It has not been used.");
  retire(trouble);
  trouble = add(sentenceView(interpolate(words, { alias }), [{ label, run: use }], press));
  setEnabled(trouble, !isBusy);
  reveal(trouble);
});

let logsOut = false; // then nothing may be put by: the page is left after its storage was cleared
document.querySelector("form[data-log-out]")?.addEventListener("submit", () => (logsOut = true));
new BroadcastChannel("log-out").addEventListener("message", () => {
  logsOut = true;
  location.reload(); // to the log-in page
});
document.addEventListener("visibilitychange", () => { // also when it is reloaded or left
  if (!newest?.form) return;
  if (document.hidden && !logsOut) putBy(session.id, newest.form);
  else forget();
});

/** Ask the API once; show what the parent said, then the answer or the problem. Tell if it answered. */
async function exchange(ask, { said = null, key = newKey(), focus = "answer" } = {}) {
  if (isBusy) return false;
  const isFirst = !session; // then it stands at the top, below the news
  const sayings = said ? [add(bubble(said, "you"))] : [];
  const wait = waiting();
  add(wait.element);
  setBusy(true);
  if (!isFirst) reveal(sayings[0] ?? wait.element);
  let show;
  let isAnswer = false;
  try {
    const turn = await ask(key);
    isAnswer = true;
    show = () => showTurn(turn);
  } catch (problem) {
    if (!problem.body) throw problem;
    // what may have been done is asked for under the same key; a clear refusal is asked anew
    const again = () => exchange(ask, { key: problem.isUndecided ? key : newKey(), focus });
    const left = await turnLeftBy(problem.body);
    show = () => showProblem(problem.body, { again, sayings, left });
  } finally {
    wait.stop();
    setBusy(false);
  }
  const shown = show();
  if (!shown) return isAnswer;
  if (!isFirst) reveal(sayings[0] ?? shown);
  // a phone's keyboard stays away until it is asked for
  const asksToType = focus === "composer" && !writing.input.disabled && (!newest?.form || newest.goesOn);
  const typesOn = asksToType && matchMedia("(pointer: fine)").matches;
  (typesOn ? writing.input : shown).focus({ preventScroll: true });
  return isAnswer;
}

/** Show a Turn as the newest one, and return its element. */
function showTurn(turn) {
  const goesOn = newest && turn.session.id === session.id;
  const before = goesOn ? newest.form : null;
  const typed = takeBack(turn.session.id);
  const form = turn.form?.length
    ? buildForm(turn.form, { submitLabel: submitLabel(turn), onSubmit: submitForm, before, typed })
    : null;
  const cards = goesOn && areSame(turn.cards, newest.cards) ? cardsOf(newest.element) : null;
  cards?.remove(); // they give their place up, too: once is enough
  watcher.abort();
  retire(newest?.element);
  retire(trouble);
  trouble = null;
  if (session && turn.session.id !== session.id) {
    add(divider(gettext("New signup")));
    history.replaceState(null, "", location.pathname); // the link led to the one before
  }
  session = turn.session;
  const isClosed = CLOSED.has(session.status);
  const offersReset = (turn.cta ?? []).some((button) => button.action === "reset");
  const shown = isClosed && !offersReset ? { ...turn, cta: [...(turn.cta ?? []), START_ANEW] } : turn;
  const element = add(turnView(shown, { onPress: press, form: form?.element, cards }));
  newest = { element, cards: turn.cards, form, goesOn: Boolean(form && before) };
  if (session.status === "submitting") retire(element); // it is on its way, asked for before a reload
  showSession();
  watch(turn);
  return element;
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
  const hasMovedOn = left && body.code === "action_not_available";
  trouble = add(problemView(hasMovedOn ? MOVED_ON : body.detail, ways, press));
  return left ? showTurn(left) : trouble;
}

function press(button, { title, metadata } = {}) {
  if (isBusy) return;
  if (button.run) button.run();
  else if (button.action === "connect_account") connect(button.payload, button.label);
  else if (button.action === "show_login_dialog") dialog.open(button.payload ?? {}, metadata?.club);
  else act(button.action, button.payload, CHOOSES.test(button.action) ? `${button.label}: ${title}` : button.label);
}

/** Connect the account: with no saved login to choose, straight to the dialog that takes one. */
async function connect(payload, said) {
  const isAnswer = await act("connect_account", payload, said);
  if (!isAnswer || isBusy) return;
  const ways = newest.cards.flatMap((card) => card.buttons.map((button) => ({ button, card })));
  const [way] = ways.filter(({ button }) => button.action === "show_login_dialog");
  const hasChoice = ways.some(({ button }) => button.action === "credentials_submitted");
  if (way && !hasChoice) press(way.button, way.card);
}

function say(message, near) {
  const path = `${SESSIONS}/${session.id}/messages`;
  const body = near ? { message, location: near } : { message };
  return exchange((key) => post(path, body, key), { said: message, focus: "composer" });
}

function act(action, payload, said) {
  const path = `${SESSIONS}/${session.id}/actions`;
  return exchange((key) => post(path, { action, payload: payload ?? {} }, key), { said });
}

function submitForm(answers) {
  act("submit_form", { answers }, gettext("Here are the details."));
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
  if (!isUndecided(session)) return;
  watcher = new AbortController();
  const { signal } = watcher;
  const path = statusPath(turn.meta?.status_url) ?? `${SESSIONS}/${session.id}`;
  const shownVersion = session.version;
  const line = lookingOut();
  newest.element.append(line.element);
  let found;
  try {
    found = await outcome(path, signal, line.looked);
  } catch (problem) {
    if (!problem.body) throw problem;
    line.element.remove();
    const shown = showProblem(problem.body, { again: start, sayings: [], left: null });
    reveal(shown);
    return;
  }
  line.element.remove();
  if (signal.aborted) return;
  const now = await current(session.id).catch(() => null);
  if (signal.aborted) return;
  if (now) session = now.session;
  if (now?.meta && now.session.version !== shownVersion && !isUndecided(session)) {
    reveal(showTurn(now));
    return;
  }
  const ways = CLOSED.has(session.status) ? [START_ANEW] : [];
  retire(trouble);
  trouble = add(sentenceView(outcomeSentence(found), ways, press, isRefusal(found) ? "problem" : "us"));
  reveal(trouble);
  showSession();
}

/** Return the pending Turn of a session, with the session as it is now. */
async function current(id) {
  const { last_turn: turn, ...now } = await get(`${SESSIONS}/${id}`);
  return { message: gettext("Here is where your signup stands."), ...turn, session: now };
}

function start() {
  return exchange(async (key) => {
    const { results } = await get(SESSIONS);
    const asked = new URLSearchParams(location.search).get("session"); // by a link to this signup
    const newest =
      results.find((each) => each.id === asked) ??
      results.find((each) => each.status !== "cancelled"); // a receipt stays in sight
    if (!newest) return post(SESSIONS, {}, key);
    session = newest; // where its turns cannot be shown, it can still be left
    return current(newest.id);
  }, { focus: "composer" });
}

function cardsOf(element) {
  return element.querySelector(":scope > .cards");
}

function add(element) {
  log.append(element);
  return element;
}

/** Let what can be pressed below an element go: it belongs to the past. */
function retire(element) {
  if (!element) return;
  setEnabled(element, false);
  element.classList.add("past"); // log.css takes its buttons away
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
  writing.show(session, isBusy);
  showStartOver(session, isBusy);
  if (session) showStep(find("steps"), find("step-words"), session);
}

await start();
log.setAttribute("aria-busy", "false");
