// Tabs that are links: the arrow keys go from one to the next, Enter and Space open it.

const bar = document.querySelector("[data-tabs]");
const tabs = Array.from(bar.querySelectorAll('[role="tab"]'));
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

bar.addEventListener("keydown", (event) => {
  const place = tabs.indexOf(event.target);
  if (place < 0) return;
  if (event.key in STEPS) tabs.at((place + STEPS[event.key]) % tabs.length).focus();
  else if (event.key === "Home") tabs.at(0).focus();
  else if (event.key === "End") tabs.at(-1).focus();
  else if (event.key === " ") event.target.click();
  else return;
  event.preventDefault();
});
