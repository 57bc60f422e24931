// For developers: the last requests and the newest `meta`. Off until `?debug=1`, off again with
// `?debug=0` or the button, and remembered for this tab alone. The server sends this script only
// where DEBUG is on, or to staff: it shows nothing secret, but would only puzzle a parent. What was
// sent or answered never gets here, as there are answers about children and logins in it.

import { exchanges } from "./api.js";
import { el } from "./dom.js";

const KEY = "signupassist-debug";
const MOST = 20;

const wish = new URLSearchParams(location.search).get("debug");
if (wish === "1") sessionStorage.setItem(KEY, "1");
if (wish === "0") sessionStorage.removeItem(KEY);
if (sessionStorage.getItem(KEY)) open();

function open() {
  const rows = el("tbody");
  const meta = el("pre", { text: "No turn yet.", tabindex: "0", "aria-label": "Newest meta" });
  const off = el("button", { class: "button quiet", type: "button", text: "Turn off" });
  const names = ["Method", "Path", "Status", "ms", "Request id"];
  const head = el("thead", {}, el("tr", {}, ...names.map((text) => el("th", { scope: "col", text }))));
  const caption = el("caption", { text: "Last requests, newest first" });
  const scroll = { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Last requests" };
  const panel = el(
    "details",
    { class: "debug", open: true },
    el("summary", { text: "Debug" }),
    el("div", scroll, el("table", {}, caption, head, rows)),
    el("h2", { text: "meta of the newest turn" }),
    meta,
    off,
  );
  off.addEventListener("click", () => {
    sessionStorage.removeItem(KEY);
    exchanges.removeEventListener("answered", hear);
    panel.remove();
  });

  function hear({ detail }) {
    const cells = [detail.method, detail.path, detail.status, detail.ms, detail.requestId ?? "–"];
    rows.prepend(el("tr", {}, ...cells.map((text) => el("td", { text }))));
    rows.children[MOST]?.remove();
    if (detail.meta) meta.textContent = JSON.stringify(detail.meta, null, 2);
  }

  exchanges.addEventListener("answered", hear);
  document.querySelector("main").append(panel);
}
