// The saved logins: one can be replaced in the dialog of the chat, or deleted after a second look.

import { el } from "../chat/dom.js";
import { loginDialog } from "../chat/login-dialog.js";
import { gettext, interpolate } from "../words.js";
import { deleteDialog } from "./delete-dialog.js";
import { showByTheClock } from "./times.js";

const RESUMES = /^#delete-([0-9a-f-]{36})$/; // where a log-in in between leads back to

const list = document.querySelector("[data-logins]");
const notice = document.querySelector("[data-notice]");

let replaced = null;

const replacing = loginDialog(document.querySelector("[data-login-dialog]"), ({ id, alias }) =>
  showAnew(
    id === replaced.id
      ? interpolate(gettext("“%(alias)s” was replaced. From now on the new one is used."), { alias })
      : interpolate(
          gettext("“%(alias)s” had been deleted meanwhile, so it was saved as a new login."),
          { alias },
        ),
  ),
);
const deleting = deleteDialog(document.querySelector("[data-delete-dialog]"), ({ alias }) =>
  showAnew(interpolate(gettext("“%(alias)s” was deleted."), { alias })),
);

list.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-press]");
  if (!button) return;
  const login = loginOf(button.closest("[data-login]"));
  if (button.dataset.press === "delete") deleting.open(login);
  else {
    replaced = login;
    replacing.open({ ...login, replace: true });
  }
});

function loginOf({ dataset }) {
  return {
    id: dataset.login,
    alias: dataset.alias,
    provider: dataset.provider,
    org_ref: dataset.orgRef,
  };
}

/** Show the list as it is now, and say what was done. */
async function showAnew(sentence) {
  const page = await fetch(location.href, { cache: "no-store" }).then(
    (answer) => answer.text(),
    () => "",
  );
  const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("[data-logins]");
  if (!fresh) {
    location.reload(); // logged out meanwhile, or out of reach: the page will say so
    return;
  }
  list.replaceChildren(...fresh.childNodes);
  showByTheClock(list);
  const said = el("p", { class: "notice", tabindex: "-1", text: sentence });
  notice.replaceChildren(said);
  said.focus();
}

const resumed = location.hash.match(RESUMES);
if (resumed) {
  history.replaceState(null, "", location.pathname + location.search);
  const item = list.querySelector(`[data-login="${resumed[1]}"]`);
  if (item) deleting.open(loginOf(item));
}
