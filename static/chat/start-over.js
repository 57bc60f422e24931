// Starting over: asked for first, as it cancels what is open.

import { openDialog } from "./dialogs.js";
import { isUndecided } from "./watch.js";

/** Return `show(session, isBusy)`; `onReset()` hears of a wish that was confirmed or needs no question. */
export function startOver(button, dialog, onReset) {
  let asksFirst = true;

  button.addEventListener("click", () => {
    if (!asksFirst) {
      onReset();
      return;
    }
    dialog.returnValue = "";
    openDialog(dialog);
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "reset") onReset();
  });

  return function show(session, isBusy) {
    button.disabled = !session || isBusy;
    if (!session) return;
    asksFirst = session.status !== "completed" && session.status !== "cancelled";
    dialog.querySelector("[data-cancels]").hidden = isUndecided(session);
    dialog.querySelector("[data-goes-on]").hidden = !isUndecided(session);
  };
}
