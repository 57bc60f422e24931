"""What a run of the browser tests leaves to look at: in `$SCREENSHOTS`, else `var/screenshots`.

The walks keep a picture of each of their main states, and a test that failed leaves a picture and
the HTML of every page that it had open. No secret is in them: neither what was typed into a password
field, nor codes, nor tokens.
"""

import os
import re
from pathlib import Path

from playwright.sync_api import Error, Page

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = (
    "input[type=password], input[name*=password], input[autocomplete=one-time-code], "
    ".qr, .secret, .recovery-codes"
)
HTML_WITHOUT_SECRETS = """(hidden) => {
  const copy = document.documentElement.cloneNode(true);
  for (const each of copy.querySelectorAll(`${hidden}, input[type=hidden], meta[name=csrf-token]`)) {
    for (const name of ["value", "content", "src"]) each.removeAttribute(name);
    each.replaceChildren();
  }
  for (const each of copy.querySelectorAll("a[href^='otpauth:']")) each.removeAttribute("href");
  return copy.outerHTML;
}"""


def folder() -> Path:
    """Return where they are left, made if need be."""
    chosen = os.environ.get("SCREENSHOTS")
    if not chosen:
        (ROOT / "var").mkdir(mode=0o700, exist_ok=True)
    found = Path(chosen) if chosen else ROOT / "var" / "screenshots"
    found.mkdir(parents=True, exist_ok=True)
    return found


def keep(page: Page, name: str) -> None:
    """Keep a picture of what is in sight, under this name and the window's width."""
    width = page.evaluate("innerWidth")
    _take(page, folder() / f"{name}-{width}.png")


def leave(page: Page, name: str) -> list[Path]:
    """Return the files that show a page, with its address: a picture and its HTML."""
    stem = re.sub(r"[^\w.-]+", "-", name)
    picture, html = folder() / f"{stem}.png", folder() / f"{stem}.html"
    try:
        html.write_text(page.evaluate(HTML_WITHOUT_SECRETS, HIDDEN), encoding="utf-8")
        _take(page, picture)
    except Error:  # the page crashed, or is being left
        return [file for file in (html, picture) if file.exists()]
    return [picture, html]


def forget(name: str) -> None:
    """Remove what an earlier run left under a name, so that nobody takes it for this one's."""
    stem = re.sub(r"[^\w.-]+", "-", name)
    for file in folder().glob(f"{stem}*"):
        file.unlink(missing_ok=True)


def _take(page: Page, path: Path) -> None:
    page.screenshot(path=path, mask=[page.locator(HIDDEN)], animations="disabled", caret="hide")
