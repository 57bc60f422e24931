// What was typed in a form, while nobody sees the page: over a reload, over the way to the log-in page
// and back, and where a phone drops a page that waits in the background. In between it is in memory
// alone. docs/adr/0004 says what that costs.

const PLACE = "typed";
const SECRET = /pass(word|phrase|code)?\b|\bpin\b|\bcvc\b|\bcvv\b|secret|contraseña/i;

/** Put by what was typed in the form of a session: in this tab alone, and never a password. */
export function putBy(sessionId, form) {
  const typed = form.fields
    .filter((field) => field.isTouched() && !isSecret(field.description))
    .map((field) => [field.key, field.read() ?? null]);
  if (typed.length) sessionStorage.setItem(PLACE, JSON.stringify({ sessionId, typed }));
}

/** Return what was put by for this session, by the fields' keys; nothing is left behind, whoever asks. */
export function takeBack(sessionId) {
  const kept = sessionStorage.getItem(PLACE);
  forget();
  const found = kept && JSON.parse(kept);
  return new Map(found?.sessionId === sessionId ? found.typed : []);
}

/** Leave nothing behind. */
export function forget() {
  sessionStorage.removeItem(PLACE);
}

function isSecret({ type, name, label }) {
  return type === "password" || SECRET.test(`${name} ${label}`.replaceAll("_", " "));
}
