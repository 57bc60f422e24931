"""/api/docs…"""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.browser.conftest import Served
from tests.browser.test_pages_are_sound import OVERFLOW

pytestmark = pytest.mark.once

PATIENCE = 40_000  # ms: one script draws the whole description, which takes a busy machine its time


def test_show_their_examples_without_asking_anybody_else(
    open_page: Callable[..., Page], served: Served, complaints: list[str]
) -> None:
    page = open_page(width=390)
    page.set_default_timeout(PATIENCE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto("/api/docs")
    action = page.locator("#operations-sessions-sessions_action")
    action.locator(".opblock-summary-control").click()

    conflict = action.locator("tr.response[data-code='409']")
    conflict.locator(".examples-select-element").select_option("turn_in_progress")
    expect(conflict).to_contain_text("One moment, I am still working on your last message.")
    assert page.evaluate(OVERFLOW) <= 0
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(served.url).netloc}
    assert complaints == []


def test_let_a_request_be_tried_by_whoever_is_logged_in(
    open_page: Callable[..., Page], cookies: StorageState, complaints: list[str]
) -> None:
    page = open_page(dark=True, cookies=cookies)
    page.set_default_timeout(PATIENCE)
    page.goto("/api/docs")
    expect(page.locator("html")).to_have_class("dark-mode")

    begin = page.locator("#operations-sessions-sessions_begin")
    begin.locator(".opblock-summary-control").click()
    begin.get_by_role("button", name="Try it out").click()
    with page.expect_response("**/api/v1/sessions") as answered:
        begin.get_by_role("button", name="Execute").click()

    assert answered.value.status == 201
    expect(begin.locator(".live-responses-table")).to_contain_text("I sign children up")
    assert complaints == []
