// The description of the API has a dark look of its own: taken where the reader's system is dark.

const dark = matchMedia("(prefers-color-scheme: dark)");
const show = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

dark.addEventListener("change", show);
show();
