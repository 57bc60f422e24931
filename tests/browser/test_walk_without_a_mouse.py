"""Walking a whole signup without a mouse…"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import artefacts
from tests.browser.steps import Finger, Keys, Walk

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]
WIDEST = """Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll("body *")]
  .filter((each) => getComputedStyle(each).overflowX === "visible")
  .map((each) => each.scrollWidth > 390 ? each.scrollWidth : 0))"""


def test_by_touch_on_a_phone(
    open_page: OpenPage, log_in: Callable[[Page], Page], complaints: list[str]
) -> None:
    page = log_in(open_page(width=390, phone=True))
    walk = Walk(page, hands=Finger())

    def look(name: str) -> None:
        page.wait_for_load_state()
        artefacts.keep(page, f"phone-{name}")
        assert page.evaluate(WIDEST) <= 390, f"{name}: the page scrolls sideways"
        assert page.evaluate("visualViewport.scale") == 1, f"{name}: the page was zoomed into"

    look("1-greeting")
    walk.find_the_club()
    look("2-log-in")
    walk.connect()
    walk.at("Program")
    look("3-programs")
    walk.choose_a_program()
    look("4-form")
    walk.fill_in_the_form()
    look("5-confirm")
    walk.confirm()
    walk.at("Done")
    look("6-done")
    walk.hands.press(page.get_by_role("link", name="Audit trail", exact=True))
    expect(page.get_by_text("registration_completed")).to_be_attached()
    look("7-trail")
    walk.hands.press(page.get_by_role("tab", name="Registrations"))
    expect(page.get_by_role("heading", name="Nordic Kids: Saturday")).to_be_visible()
    look("8-registrations")
    assert complaints == []


def test_by_keyboard_alone(open_page: OpenPage, log_in: Callable[[Page], Page]) -> None:
    page = log_in(open_page())
    walk = Walk(page, hands=Keys())

    walk.to_the_confirmation()
    expect(walk.newest).to_contain_text("2018")
    walk.confirm()
    walk.at("Done")
    walk.hands.press(page.get_by_role("link", name="Audit trail", exact=True))
    page.wait_for_url("**/mandates-audit")
    walk.hands.press(page.get_by_role("tab", name="Registrations"))
    expect(page.get_by_role("heading", name="Nordic Kids: Saturday")).to_be_visible()
