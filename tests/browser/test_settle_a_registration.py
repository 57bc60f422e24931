"""Staff settle what nobody else could, and the parent hears of it…"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Served
from tests.browser.test_pages_are_sound import OVERFLOW, faults

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]
CUT_OFF = """[...document.querySelectorAll(".form-row input, .form-row textarea")].filter((each) =>
  each.getBoundingClientRect().right > each.closest(".module").getBoundingClientRect().right - 8
).length"""
NOTICE = "Saturday Nordic Kids at Blackhawk Ski Club"


@pytest.mark.parametrize("width", [1440, 390])
def test_from_the_list_to_the_notice(
    open_page: OpenPage,
    log_in: Callable[[Page, str], Page],
    served: Served,
    complaints: list[str],
    width: int,
) -> None:
    parent = next(served.waiting)
    desk = log_in(open_page(width=width), served.staff)

    desk.goto(f"/admin/orchestrator/registrationsubmission/?needs=person&q={parent}")
    assert desk.evaluate(OVERFLOW) <= 0
    desk.locator("#result_list tbody a").first.click()
    expect(desk.get_by_text("This registration needs a person")).to_be_visible()
    assert desk.evaluate(OVERFLOW) <= 0
    desk.get_by_role("link", name="Found", exact=True).click()
    expect(desk.get_by_label("Confirmation reference")).to_be_visible()
    assert desk.evaluate(CUT_OFF) == 0
    desk.get_by_label("booked").check()
    desk.get_by_label("Confirmation reference").fill("BSC-4F21")
    desk.get_by_role("button", name="Record as found").click()
    expect(desk.get_by_text("Nothing was written.")).to_be_visible()
    desk.get_by_label("Reason").fill("The club has it in its books.")
    assert desk.evaluate(OVERFLOW) <= 0
    desk.get_by_role("button", name="Record as found").click()
    expect(desk.get_by_text("Recorded. The parent will hear of it.")).to_be_visible()
    expect(desk.get_by_text("This registration needs a person")).to_have_count(0)

    page = log_in(open_page(width=width, dark=True), parent)
    news = page.get_by_role("region", name="News about your registrations")
    expect(news).to_contain_text(NOTICE)
    expect(news).to_contain_text("Your confirmation: BSC-4F21")
    expect(page.locator(".turn").first).to_be_visible()
    assert page.evaluate("window.scrollY") == 0, "the news stay in sight"
    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []
    news.get_by_role("button", name="OK").click()

    page.wait_for_load_state()
    expect(page.locator(".turn").first).to_be_visible()
    expect(news).to_have_count(0)
    assert complaints == []
