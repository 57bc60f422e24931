// The account menu closes as menus do: with Escape, and by a click outside of it. Who logs out there, does so
// in all windows: the others are told once it is done, when this page is left.

const menu = document.querySelector("[data-account-menu]");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("click", (event) => {
  if (!menu.contains(event.target)) menu.open = false;
});

menu.querySelector("form[data-log-out]").addEventListener("submit", () => {
  addEventListener("pagehide", () => new BroadcastChannel("log-out").postMessage("done"));
});
