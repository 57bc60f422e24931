// A link to what the list shows: the filters without the page, so that it begins with the newest.

const button = document.querySelector("[data-copy-link]");

if (button && navigator.clipboard) {
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const link = new URL(location.href);
    for (const place of ["before", "after"]) link.searchParams.delete(place);
    for (const [name, value] of [...link.searchParams]) if (!value) link.searchParams.delete(name);
    let said = "Copied";
    try {
      await navigator.clipboard.writeText(link.href);
    } catch {
      said = "Copy it from the address bar";
    }
    button.textContent = said;
    setTimeout(() => (button.textContent = words), 3000);
  });
}
