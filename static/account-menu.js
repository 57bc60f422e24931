// The account menu closes as menus do: with Escape, and by a click outside of it.

const menu = document.querySelector("[data-account-menu]");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("click", (event) => {
  if (!menu.contains(event.target)) menu.open = false;
});
