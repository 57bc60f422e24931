"""Walking a whole signup in the browser, on the bundled sample tools…"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import artefacts
from tests.browser.conftest import PASSWORD
from tests.browser.steps import Walk

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]
NEWCOMER = "newcomer@example.com"


def test_makes_an_account_signs_a_child_up_and_leaves_a_trail(
    open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page()
    walk = Walk(page)
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("E-mail").fill(NEWCOMER)
    page.get_by_label("Password").fill(PASSWORD)
    artefacts.keep(page, "signup-1-account")
    page.get_by_role("button", name="Create an account").click()

    walk.find_the_club()
    expect(page.get_by_text("Sample data").first).to_be_visible()
    walk.connect()
    walk.at("Program")
    artefacts.keep(page, "signup-2-programs")
    walk.choose_a_program()
    walk.fill_in_the_form()
    artefacts.keep(page, "signup-3-confirm")
    walk.confirm()
    walk.at("Done")
    expect(walk.newest).to_contain_text(re.compile("confirmed", re.IGNORECASE))
    expect(walk.newest.get_by_role("button", name="Start a new signup")).to_be_enabled()
    artefacts.keep(page, "signup-4-done")

    page.get_by_role("link", name="Audit trail", exact=True).click()
    trail = page.get_by_role("tabpanel", name="Audit Trail")
    expect(trail.get_by_role("heading", name="Blackhawk Ski")).to_be_visible()
    for words in (
        r"Your saved login was opened to list (the )?programs",
        "You created your account",
    ):
        expect(trail.get_by_text(re.compile(words)).first).to_be_visible()
    expect(trail.get_by_text("registration_completed")).to_be_visible()
    artefacts.keep(page, "signup-5-trail")
    trail.get_by_text("cannot be changed unnoticed").click()
    with page.expect_download() as caught:
        trail.get_by_role("link", name="verification bundle").first.click()
    bundle = [json.loads(line) for line in Path(caught.value.path()).read_text().splitlines()]
    assert "registration_completed" in json.dumps(bundle)

    page.get_by_role("tab", name="Registrations").click()
    receipt = page.get_by_role("tabpanel", name="Registrations")
    expect(receipt.get_by_role("heading", name="Nordic Kids: Saturday")).to_be_visible()
    expect(receipt.get_by_text("Confirmed", exact=True)).to_be_visible()
    expect(receipt.get_by_text("Sample data", exact=True)).to_be_visible()
    artefacts.keep(page, "signup-6-registrations")
    assert complaints == []


def test_shows_the_pending_step_after_a_reload(
    open_page: OpenPage, log_in: Callable[[Page], Page]
) -> None:
    page = log_in(open_page())
    walk = Walk(page)
    walk.find_the_club()
    pending = walk.newest.inner_text()

    page.reload()

    walk.at("Log in")
    expect(walk.newest).to_have_text(pending, use_inner_text=True)
    walk.connect()
    walk.at("Program")


def test_lets_a_refused_login_be_replaced(
    open_page: OpenPage, log_in: Callable[[Page], Page]
) -> None:
    page = log_in(open_page())
    walk = Walk(page)
    walk.find_the_club()

    walk.connect("wrong-password")
    expect(page.get_by_text("The provider did not accept this login.")).to_be_visible()
    walk.at("Log in")
    walk.connect()

    walk.at("Program")


def test_starts_over_only_after_asking(open_page: OpenPage, log_in: Callable[[Page], Page]) -> None:
    page = log_in(open_page())
    walk = Walk(page)
    walk.find_the_club()
    dialog = page.get_by_role("dialog", name="Start over?")

    page.get_by_role("button", name="Start over").click()
    dialog.get_by_role("button", name="Keep going").click()
    walk.at("Log in")
    page.get_by_role("button", name="Start over").click()
    dialog.get_by_role("button", name="Start over").click()

    walk.at("Find")
    expect(page.get_by_text("New signup")).to_be_visible()
