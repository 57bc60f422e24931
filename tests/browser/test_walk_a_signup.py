"""Walking a whole signup in the browser, on the bundled sample tools…"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]


def newest(page: Page) -> Locator:
    """Return the newest Turn on the page, once nothing is being worked on."""
    expect(page.locator(".typing")).to_have_count(0)
    return page.locator(".turn").last


def press(page: Page, name: str) -> None:
    newest(page).get_by_role("button", name=name).first.click()


def at_step(page: Page, words: str) -> None:
    expect(page.locator("[data-step-words]")).to_contain_text(words)


def find_the_club(page: Page) -> None:
    page.get_by_label("Your message").fill("Blackhawk Ski Club in Middleton")
    page.keyboard.press("Enter")
    club = page.locator(".turn-card", has_text="Blackhawk Ski Club").first
    club.get_by_role("button").first.click()
    at_step(page, "Log in")


def connect(page: Page, password: str) -> None:
    if newest(page).get_by_role("button", name="Connect account").count():
        press(page, "Connect account")
    newest(page).get_by_role("button", name=re.compile("Enter a login|Replace")).click()
    page.get_by_label("E-mail at the provider").fill("pat@example.com")
    page.get_by_label("Password at the provider").fill(password)
    page.get_by_role("button", name="Save and continue").click()


def choose_a_program_that_can_be_had(page: Page) -> None:
    """Choose programs, from the top, until one has every prerequisite in place."""
    for place in range(newest(page).locator(".turn-card:not(:has-text('Full'))").count()):
        cards = newest(page).locator(".turn-card:not(:has-text('Full'))")
        cards.nth(place).get_by_role("button").first.click()
        at_step(page, "Checks")
        if newest(page).get_by_role("button", name="Continue").count():
            press(page, "Continue")
            return
        press(page, "Change program")
        at_step(page, "Program")
    pytest.fail("no program of the sample catalogue has its prerequisites in place")


def fill_in(form: Locator) -> None:
    """Give every field of a form some fitting answer."""
    values = {
        "email": "pat@example.com",
        "tel": "608-555-0123",
        "number": "8",
        "date": "2018-05-31",
    }
    for control in form.locator("input, select, textarea").all():
        kind = control.get_attribute("type") or control.evaluate("each => each.tagName")
        if kind == "checkbox":
            control.check()
        elif kind == "SELECT":
            control.select_option(index=1)
        else:
            control.fill(values.get(kind, "Emma Example"))


def test_signs_a_child_up_and_leaves_a_trail(
    open_page: OpenPage, log_in: Callable[[Page], Page], complaints: list[str]
) -> None:
    page = log_in(open_page())

    find_the_club(page)
    expect(page.get_by_text("Sample data").first).to_be_visible()
    connect(page, "a password of the club")
    at_step(page, "Program")
    choose_a_program_that_can_be_had(page)
    at_step(page, "Form")
    fill_in(page.locator(".turn-form"))
    press(page, "Continue")
    at_step(page, "Confirm")
    press(page, "Confirm registration")
    at_step(page, "Done")
    expect(newest(page)).to_contain_text(re.compile("confirmed", re.IGNORECASE))
    expect(newest(page).get_by_role("button", name="Start a new signup")).to_be_enabled()

    page.get_by_role("link", name="Audit trail", exact=True).click()
    page.wait_for_url("**/mandates-audit")
    expect(
        page.get_by_text("Blackhawk").or_(page.get_by_text("blackhawk-ski")).first
    ).to_be_visible()
    assert page.locator("tbody tr").count() >= 8, "each step of the signup stands there"
    assert complaints == []


def test_shows_the_pending_step_after_a_reload(
    open_page: OpenPage, log_in: Callable[[Page], Page]
) -> None:
    page = log_in(open_page())
    find_the_club(page)
    pending = newest(page).inner_text()

    page.reload()

    at_step(page, "Log in")
    assert newest(page).inner_text() == pending
    connect(page, "a password of the club")
    at_step(page, "Program")


def test_lets_a_refused_login_be_replaced(
    open_page: OpenPage, log_in: Callable[[Page], Page]
) -> None:
    page = log_in(open_page())
    find_the_club(page)

    connect(page, "wrong-password")
    expect(page.get_by_text("The provider did not accept this login.")).to_be_visible()
    at_step(page, "Log in")
    connect(page, "a password of the club")

    at_step(page, "Program")


def test_starts_over_only_after_asking(open_page: OpenPage, log_in: Callable[[Page], Page]) -> None:
    page = log_in(open_page())
    find_the_club(page)
    dialog = page.get_by_role("dialog", name="Start over?")

    page.get_by_role("button", name="Start over").click()
    dialog.get_by_role("button", name="Keep going").click()
    at_step(page, "Log in")
    page.get_by_role("button", name="Start over").click()
    dialog.get_by_role("button", name="Start over").click()

    at_step(page, "Find")
    expect(page.get_by_text("New signup")).to_be_visible()
