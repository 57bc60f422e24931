// Opening dialogs. A tap too many belongs to what opened the dialog, not to what lies there now.

const SETTLING_MS = 500;

let settling; // only one dialog opens at a time

/** Show a dialog whose buttons heed no tap in its first half second, and never a double click. */
export function openDialog(dialog) {
  dialog.classList.add("settling"); // dialog.css takes the pointer from its buttons
  clearTimeout(settling);
  settling = setTimeout(() => dialog.classList.remove("settling"), SETTLING_MS);
  dialog.addEventListener("click", dropRepeated, { capture: true });
  dialog.showModal();
}

function dropRepeated(event) {
  if (event.detail < 2 || !event.target.closest("button")) return;
  event.preventDefault();
  event.stopPropagation();
}
