// A link to what the list shows, from its newest record on. The server says which: what was typed may be
// somebody's e-mail, and a link is passed on.

const button = document.querySelector("[data-copy-link]");

if (button && navigator.clipboard) {
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const link = new URL(location.pathname, location.origin);
    link.search = button.dataset.copyLink;
    let said = "Copied";
    try {
      await navigator.clipboard.writeText(link.href);
    } catch {
      said = "It could not be copied";
    }
    button.textContent = said;
    setTimeout(() => (button.textContent = words), 3000);
  });
}
