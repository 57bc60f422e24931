"""An auditor walks the console: what was done for this family, and was it allowed to?"""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import artefacts
from tests.browser.conftest import AUDITOR, FAMILY
from tests.browser.test_pages_are_sound import OVERFLOW
from tests.browser.turns import stop_the_clock

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]


def find(page: Page, name: str) -> None:
    """Search the ledger for what is called so."""
    page.goto("/admin/")
    page.get_by_role("link", name="Audit records", exact=True).first.click()
    page.locator("input[name=q]").fill(name)
    page.locator("input[name=q]").press("Enter")


def rows(page: Page) -> Locator:
    """Return the lines of the ledger that are shown."""
    return page.locator("#content").get_by_role("table").locator("tbody").get_by_role("row")


def taken_home(page: Page, form: str) -> str:
    """Return the file that the export gives in this form."""
    with page.expect_download() as caught:
        page.get_by_role("button", name=form, exact=True).click()
    return Path(caught.value.path()).read_text(encoding="utf-8")


def test_from_the_dashboard_to_an_export_and_is_recorded_on_the_way(
    open_page: OpenPage, log_in: Callable[[Page, str], Page], complaints: list[str]
) -> None:
    page = log_in(open_page(), AUDITOR)
    page.get_by_role("link", name="Admin", exact=True).click()
    expect(page.get_by_role("heading", name="Actions per day")).to_be_visible()
    artefacts.keep(page, "console-1-dashboard")

    find(page, FAMILY)
    expect(rows(page)).to_have_count(50)
    expect(rows(page).first).to_contain_text(FAMILY)
    artefacts.keep(page, "console-2-family")
    page.evaluate("navigator.clipboard.writeText = async (link) => { window.copied = link; }")
    stop_the_clock(page)  # it says so for three seconds
    page.get_by_role("button", name="Copy link to this view").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.clock.resume()
    copied = page.evaluate("window.copied")
    assert re.search(r"/mandateaudit/\?q=[0-9a-f-]{36}$", copied), (
        "an id; e-mails are not passed on"
    )

    completed = rows(page).filter(has_text=re.compile("completed|confirmed", re.IGNORECASE))
    completed.first.get_by_role("rowheader").get_by_role("link").click()
    expect(page.get_by_text("Verified against checkpoint")).to_be_visible()
    page.get_by_role("button", name="Verify again").click()
    expect(page.get_by_text("Looked at again at")).to_be_visible()
    expect(page.get_by_text("registration_completed")).to_be_visible()
    artefacts.keep(page, "console-3-record")

    page.get_by_role("link", name="Read the whole story").click()
    expect(page.locator("ol > li time").nth(16)).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    artefacts.keep(page, "console-4-timeline")

    find(page, FAMILY)
    table = list(csv.DictReader(taken_home(page, "CSV").splitlines()))
    bundle = taken_home(page, "Verification bundle")
    assert {row["action"] for row in table} >= {"credentials_accessed", "registration_completed"}
    assert "registration_completed" in bundle
    assert AUDITOR not in bundle, "e-mails are resolved when shown, never recorded"

    find(page, FAMILY)  # and what was just done stands in the family's trail
    ours = rows(page).filter(has_text=AUDITOR)
    expect(ours.nth(6)).to_be_visible()
    expect(ours.filter(has_text=re.compile("export", re.IGNORECASE)).first).to_be_visible()
    artefacts.keep(page, "console-5-what-was-read")
    assert complaints == []
