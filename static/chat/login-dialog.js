// The dialog that takes a provider's log-in. What is typed goes to the vault and nowhere else.

import { gettext, interpolate } from "../words.js";
import { post } from "./api.js";
import { openDialog } from "./dialogs.js";
import { asWords } from "./dom.js";

const LONGEST_NAME = 60; // of a club, in the name that is proposed for its log-in

/**
 * Return `open(payload, club)`, `club` being the name that the parent knows, where there is one;
 * `onSaved(credential, {isCancelled})` hears of each log-in that was saved; cancelled while it was on
 * its way, it is saved as well, and nothing may follow from that.
 */
export function loginDialog(dialog, onSaved) {
  const form = dialog.querySelector("form");
  const { alias, email, password } = form.elements;
  const title = dialog.querySelector("[data-title]");
  const via = dialog.querySelector("[data-via]");
  const error = dialog.querySelector("[data-error]");
  const save = dialog.querySelector("[data-save]");
  const replaceInstead = dialog.querySelector("[data-replace]");
  const showPassword = dialog.querySelector("[data-show-password]");
  const saveLabel = save.textContent;
  let request = {};
  let saved = null; // the last one's e-mail, and where it belongs: never stored, gone with the page
  let isSaving = false;
  let showing = 0; // counts: what was begun in a dialog that is gone must not touch the next one

  function open(payload, club = null) {
    request = payload;
    showing += 1;
    setSaving(false);
    const platform = asWords(String(payload.provider ?? "provider"));
    const name = club ?? platform;
    title.textContent = payload.replace
      ? gettext("Replace this login")
      : interpolate(gettext("Log in to %(name)s"), { name });
    via.textContent = interpolate(gettext("at %(platform)s"), { platform });
    via.hidden = Boolean(payload.replace) || name === platform;
    form.reset();
    password.type = "password";
    alias.value =
      payload.alias ?? interpolate(gettext("My %(name)s login"), { name: name.slice(0, LONGEST_NAME) });
    alias.readOnly = Boolean(payload.replace); // a replacement keeps the name it replaces
    clearErrors();
    openDialog(dialog);
    if (payload.replace && saved?.place === placeOf(payload)) email.value = saved.email;
    (email.value ? password : email).focus();
  }

  function placeOf({ alias: name, provider, org_ref: club }) {
    return JSON.stringify([name, provider, club ?? ""]);
  }

  function close() {
    showing += 1;
    form.reset();
    password.value = "";
    dialog.close();
  }

  async function submit(replace) {
    if (isSaving) return;
    clearErrors();
    const missing = [alias, email, password].filter((input) => !input.value.trim());
    if (missing.length) {
      for (const input of missing) markField(input, gettext("Please fill this in."));
      missing[0].focus();
      return;
    }
    const body = {
      alias: request.replace ? request.alias : alias.value.trim(), // a field drops line breaks
      provider: request.provider,
      email: email.value.trim(),
      password: password.value,
      ...(request.org_ref ? { org_ref: request.org_ref } : {}),
      ...(request.session_id ? { session_id: request.session_id } : {}),
      ...(replace ? { replace: true } : {}),
    };
    const mine = showing;
    setSaving(true);
    try {
      const credential = await post("/api/v1/credentials", body);
      saved = { email: body.email, place: placeOf(body) };
      const isCancelled = mine !== showing;
      if (!isCancelled) close();
      onSaved(credential, { isCancelled });
    } catch (problem) {
      if (!problem.body) throw problem;
      if (mine === showing) showProblem(problem.body);
    } finally {
      if (mine === showing || !dialog.open) setSaving(false);
    }
  }

  function showProblem({ code, detail, errors }) {
    const exists = code === "credential_exists";
    error.textContent = exists
      ? gettext("You already have a login with this name. Replace it, or choose another name.")
      : detail;
    error.hidden = false;
    replaceInstead.hidden = !exists;
    for (const [name, sentences] of Object.entries(errors ?? {})) {
      const input = form.elements[name];
      if (input instanceof HTMLInputElement) markField(input, [sentences].flat().join(" "));
    }
    const invalid = form.querySelector('[aria-invalid="true"]');
    (invalid ?? (exists ? replaceInstead : error)).focus();
  }

  function markField(input, sentence) {
    const note = dialog.querySelector(`#${input.id}-error`);
    note.textContent = sentence;
    note.hidden = false;
    input.setAttribute("aria-invalid", "true");
  }

  function clearErrors() {
    error.hidden = true;
    replaceInstead.hidden = true;
    for (const note of form.querySelectorAll(".field .error")) note.hidden = true;
    for (const input of [alias, email, password]) input.removeAttribute("aria-invalid");
  }

  function setSaving(saving) {
    isSaving = saving;
    save.disabled = saving;
    replaceInstead.disabled = saving;
    save.textContent = saving ? gettext("Saving…") : saveLabel;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(Boolean(request.replace));
  });
  replaceInstead.addEventListener("click", () => submit(true));
  showPassword.addEventListener("change", () => {
    password.type = showPassword.checked ? "text" : "password";
  });
  dialog.querySelector("[data-cancel]").addEventListener("click", close);
  dialog.addEventListener("close", () => { // Escape closes it too
    if (dialog.open) return; // opened again meanwhile
    showing += 1;
    form.reset();
  });
  return { open };
}
