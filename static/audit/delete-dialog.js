// The dialog that asks before a login is deleted.

import { leaveFor, remove } from "../chat/api.js";
import { openDialog } from "../chat/dialogs.js";

/** Return `open(login)`; `onDeleted(login)` hears of each login that is gone. */
export function deleteDialog(dialog, onDeleted) {
  const error = dialog.querySelector("[data-error]");
  const button = dialog.querySelector("[data-delete]");
  let login = null;

  function open(wanted) {
    login = wanted;
    dialog.querySelector("[data-alias]").textContent = login.alias;
    error.hidden = true;
    openDialog(dialog);
  }

  async function deleteIt() {
    button.disabled = true;
    error.hidden = true;
    try {
      await remove(`/api/v1/credentials/${login.id}`);
    } catch (problem) {
      if (!problem.body) throw problem;
      const { code, detail, redirect } = problem.body;
      if (code === "reauthentication_required") await leaveFor(redirect, `#delete-${login.id}`);
      if (code !== "not_found") return complain(detail); // one that is gone already is as wished
    } finally {
      button.disabled = false;
    }
    dialog.close();
    onDeleted(login);
  }

  function complain(sentence) {
    error.textContent = sentence;
    error.hidden = false;
  }

  button.addEventListener("click", deleteIt);
  dialog.querySelector("[data-keep]").addEventListener("click", () => dialog.close());
  return { open };
}
