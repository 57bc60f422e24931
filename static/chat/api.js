// Talking to the API: JSON out, JSON back, and every kind of failure as one `Problem`.

import { gettext } from "../words.js";
import { toolDeadline } from "./deadline.js";

const BESIDES_S = 20; // for all that is no tool: the way there and back, and reading what was said
const CLIENT_TIMEOUT_MS = (toolDeadline() + BESIDES_S) * 1000;
const TOO_SLOW = gettext("This is taking longer than expected. Please try again.");
const OUT_OF_REACH = gettext("SignupAssist cannot be reached right now. Please try again in a moment.");
const WENT_WRONG = gettext("Something went wrong. Please try again.");

const UNDECIDED = new Set(["network", "unreadable", "idempotency_key_in_progress"]);

/** What the API answered instead of a result; `body` has the members of RFC 9457 and our own. */
export class Problem extends Error {
  constructor(body) {
    super(body.detail);
    this.body = body;
  }

  /** Whether the server may have done what was asked, or may still do it: no answer came from it. */
  get isUndecided() {
    return UNDECIDED.has(this.body.code);
  }
}

/** Hears an "answered" event of every request: how it went, and never what was in it. */
export const exchanges = new EventTarget();

/** Return a key under which the server recognises a request that is sent again. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const get = (path) => send("GET", path);
export const post = (path, body = {}, key = null) => send("POST", path, body, key);
export const remove = (path) => send("DELETE", path);

/** Leave for a log-in page of ours that leads back here, to `place` on this page; never returns. */
export function leaveFor(redirect, place = "", why = "") {
  const isOurs = typeof redirect === "string" && /^\/(?![/\\])/.test(redirect);
  const back = encodeURIComponent(location.pathname + location.search + place);
  const reason = why && `&why=${why}`; // the log-in page then says that the session ended
  location.assign(`${isOurs ? redirect : "/auth"}?next=${back.replaceAll("%2F", "/")}${reason}`);
  return new Promise(() => {}); // the page is being left: nothing may follow
}

/** Return the parsed answer, null where it is empty. Throws a Problem; a lost log-in leaves the page. */
async function send(method, path, body, key) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
  }
  if (key) headers["Idempotency-Key"] = key;

  const began = performance.now();
  let response;
  let text;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    note({ method, path, began, status: error.name });
    const detail = error.name === "TimeoutError" ? TOO_SLOW : OUT_OF_REACH;
    throw new Problem({ code: "network", detail, retryable: true });
  }

  const answer = parse(text);
  note({ method, path, began, status: response.status, response, answer });
  if (response.type === "opaqueredirect") return leaveFor("/auth", "", "ended");
  if (response.status === 204) return null;
  if (response.status === 401) return leaveFor(answer?.redirect, "", "ended");
  if (response.ok && answer !== null) return answer;
  if (!isOurProblem(response, answer)) { // a proxy's: the server may be at it still
    const retryable = response.ok || response.status >= 500;
    throw new Problem({ code: "unreadable", detail: WENT_WRONG, retryable });
  }
  const detail = typeof answer.detail === "string" ? answer.detail : WENT_WRONG;
  throw new Problem({ ...answer, detail, retryable: answer.retryable ?? response.status >= 500 });
}

function note({ method, path, began, status, response, answer }) {
  const detail = {
    method,
    path,
    status,
    ms: Math.round(performance.now() - began),
    requestId: response?.headers.get("X-Request-ID") ?? null,
    meta: (answer?.last_turn ?? answer)?.meta ?? null,
  };
  exchanges.dispatchEvent(new CustomEvent("answered", { detail }));
}

function isOurProblem(response, answer) {
  const type = response.headers.get("Content-Type") ?? "";
  return type.startsWith("application/problem+json") && typeof answer?.code === "string";
}

function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
