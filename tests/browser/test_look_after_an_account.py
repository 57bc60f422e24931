"""Looking after one's account: a forgotten password, a menu, an account that is deleted…"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import FORGETFUL, PASSWORD, Served
from tests.browser.test_pages_are_sound import OVERFLOW, faults

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]
NEW = "skis in the cellar"


def test_from_the_menu_to_a_new_password_and_to_the_end(
    open_page: OpenPage, log_in: Callable[[Page, str], Page], served: Served, complaints: list[str]
) -> None:
    email = next(served.parents)
    page = log_in(open_page(width=390), email)
    menu, link = page.get_by_label("Account", exact=True), page.get_by_role("link", name="Security")

    menu.click()
    expect(page.get_by_text(email)).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    menu.click()
    page.mouse.click(200, 500)
    expect(link).to_be_hidden()
    menu.click()
    link.click()
    page.get_by_role("link", name="Change the password").click()
    assert sound(page)
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()

    page.get_by_role("link", name="Delete my account").click()
    assert sound(page)
    page.get_by_label("Your password").fill(NEW)
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    page.locator("input[type=email]").fill(email)
    page.locator("input[type=password]").fill(NEW)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("That e-mail and password do not match.")).to_be_visible()
    assert complaints == []


def sound(page: Page) -> bool:
    """Tell whether nothing is wider than the window, and axe finds nothing wrong."""
    page.wait_for_load_state()
    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []
    return True


def test_chooses_a_new_password_by_the_link_in_the_mail(
    open_page: OpenPage, served: Served
) -> None:
    page = open_page(width=390, dark=True)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))

    page.goto("/auth")
    page.get_by_role("link", name="Forgot your password?").click()
    assert sound(page)
    page.get_by_label("E-mail").fill(FORGETFUL)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("Check your e-mail")).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0

    page.goto(served.link)
    assert sound(page)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your new password is set. Please log in.")).to_be_visible()
    referrers = [request.all_headers().get("referer", "") for request in asked]
    assert "sa_" not in str(referrers), "the key is in no referrer"

    page.locator("input[type=email]").fill(FORGETFUL)
    page.locator("input[type=password]").fill(NEW)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")
    page.goto(served.link)
    expect(page.get_by_text("This link no longer works")).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
