// Times as the reader's clock shows them, with the exact ones (UTC) beside; days to filter by, too.

const LANGUAGE = document.documentElement.lang; // the sentences around them are in it, too
const FORMS = {
  moment: new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "medium" }),
  minute: new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" }),
  day: new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium" }),
  clock: new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "medium" }),
};

/** Show the times in a part of the page by the reader's clock; those that are so already stay. */
export function showByTheClock(part) {
  for (const time of part.querySelectorAll("time[datetime]:not([title])")) {
    const exact = time.textContent;
    const { show = "moment" } = time.dataset;
    const at = new Date(time.dateTime);
    const form = show === "moment" && isOfTheDaySaid(at, time) ? "clock" : show;
    time.textContent = FORMS[form].format(at);
    time.title = time.dateTime.replace("T", " ").replace("Z", " UTC");
    if (show === "moment") time.after(exactTime(exact)); // seen where the pointer or the focus is
  }
}

function isOfTheDaySaid(at, time) {
  const group = time.closest("[data-began]");
  return group && FORMS.day.format(new Date(group.dataset.began)) === FORMS.day.format(at);
}

function exactTime(text) {
  const element = document.createElement("span");
  element.className = "exact";
  element.textContent = text;
  return element;
}

showByTheClock(document);
for (const zone of document.querySelectorAll("[data-zone]")) {
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}
