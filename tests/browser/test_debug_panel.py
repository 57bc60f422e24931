"""The panel for developers…"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.browser.test_enter_a_login import ASKING, CONNECTED, SAVED, TYPED, enter
from tests.browser.test_pages_are_sound import OVERFLOW, faults
from tests.browser.turns import answer_with, resuming, turn

pytestmark = pytest.mark.once


def test_is_off_until_it_is_asked_for(chat: Page) -> None:
    answer_with(chat, resuming(turn("Hi!")))

    chat.goto("/")

    expect(chat.get_by_text("Hi!")).to_be_visible()
    expect(chat.locator(".debug")).to_have_count(0)


def test_lists_the_requests_and_the_newest_meta_and_nothing_that_was_typed(chat: Page) -> None:
    connected = CONNECTED | {"meta": CONNECTED["meta"] | {"source": "mcp", "request_id": "r-77"}}
    answer_with(chat, [*resuming(ASKING), (201, SAVED), connected])

    chat.goto("/?debug=1")
    enter(chat)
    expect(chat.get_by_text("You are connected.")).to_be_visible()

    panel = chat.locator(".debug")
    expect(panel.locator("tbody tr")).to_have_count(4)
    newest = panel.locator("tbody tr").first
    expect(newest.locator("td").first).to_have_text("POST")
    expect(newest).to_contain_text("/actions")
    expect(newest.locator("td").nth(2)).to_have_text("200")
    expect(panel.locator("pre")).to_contain_text('"request_id": "r-77"')
    for secret in (*TYPED.values(), SAVED["id"], "You are connected."):
        assert secret not in panel.inner_text()


def test_is_remembered_until_it_is_turned_off(chat: Page) -> None:
    seen = resuming(turn("Hi!"))
    answer_with(chat, [*seen, *seen, *seen])
    chat.goto("/?debug=1")
    expect(chat.locator(".debug tbody tr")).to_have_count(2)
    chat.goto("/")
    expect(chat.locator(".debug tbody tr")).to_have_count(2)

    chat.get_by_role("button", name="Turn off").click()
    expect(chat.locator(".debug")).to_have_count(0)
    chat.reload()

    expect(chat.get_by_text("Hi!")).to_be_visible()
    expect(chat.locator(".debug")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 1440])
def test_is_sound(open_page: Callable[..., Page], cookies: StorageState, width: int) -> None:
    page = open_page(width=width, dark=width == 320, cookies=cookies)

    page.goto("/?debug=1")

    expect(page.locator(".debug tbody tr").first).to_contain_text("/api/v1/sessions")
    expect(page.locator(".debug tbody td").nth(4)).not_to_have_text("–")  # a request id
    expect(page.locator(".turn").last).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []
