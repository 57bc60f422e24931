"""Two-step log-in in a real browser…"""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import totp
from tests.browser.conftest import PASSWORD, Served
from tests.browser.test_pages_are_sound import OVERFLOW, faults

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]


def code_of(secret: str, *, steps: int = 0) -> str:
    """Return what an app shows; a step later, where the code of now is used up."""
    return totp.code_of(secret, totp.step_at(timezone.now()) + steps)


def enter(page: Page, code: str) -> None:
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_label("Code", exact=True).press("Enter")


def log_in(page: Page, email: str) -> None:
    page.goto("/auth")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_is_turned_on_used_and_turned_off(open_page: OpenPage, served: Served) -> None:
    page, email = open_page(width=390), next(served.parents)
    log_in(page, email)
    page.wait_for_url(f"{served.url}/")

    page.goto("/auth/security")
    page.get_by_role("link", name="Turn it on").click()
    picture = page.get_by_alt_text("A picture that holds the secret below")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    enter(page, code_of(secret))

    expect(page.get_by_role("heading", name="Two-step log-in is on")).to_be_visible()
    expect(page.locator(".recovery-codes code")).to_have_count(10)
    assert page.evaluate(OVERFLOW) <= 0
    codes = page.locator(".recovery-codes code").all_inner_texts()
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download").click()
    assert caught.value.suggested_filename == "signupassist-recovery-codes.txt"
    assert set(codes) <= set(Path(caught.value.path()).read_text().splitlines())
    page.get_by_role("link", name="I have saved them").click()
    expect(page.get_by_text("You have 10 recovery codes left")).to_be_visible()

    page.context.clear_cookies()
    log_in(page, email)
    page.wait_for_url("**/auth/2fa")
    enter(page, "000000x")
    expect(page.get_by_text("That code is not right, or it was used before.")).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []
    enter(page, code_of(secret, steps=1))
    page.wait_for_url(f"{served.url}/")

    page.context.clear_cookies()
    log_in(page, email)
    page.get_by_role("link", name="Use a recovery code").click()
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{served.url}/")

    page.goto("/auth/security/totp/off")
    page.get_by_role("button", name="Turn it off").click()
    expect(page.get_by_text("Two-step log-in is off.")).to_be_visible()
