"""A parent's mandates, read in a browser…"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser import steps
from tests.browser.conftest import PASSWORD, Served
from tests.browser.test_pages_are_sound import OVERFLOW, faults

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]
TRAIL = "/mandates-audit"
UTC = re.compile(r"^\d{1,2} \w{3} \d{4}, \d\d:\d\d:\d\d UTC$")


@pytest.fixture(scope="module")
def waiting(chromium: Browser, served: Served) -> StorageState:
    """The cookies of a parent with a registration that a person is checking."""
    with chromium.new_context(base_url=served.url) as window:
        page = window.new_page()
        page.goto("/auth")  # by the page: it stands in the trail
        steps.log_in(page, next(served.waiting), PASSWORD)
        return window.storage_state()


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_are_sound_on_any_screen(
    open_page: OpenPage, waiting: StorageState, complaints: list[str], width: int, dark: bool
) -> None:
    page = open_page(width=width, dark=dark, cookies=waiting)
    for path in (TRAIL, f"{TRAIL}?kind=logins&since=x", f"{TRAIL}/registrations"):
        page.goto(path)
        for folded in page.locator("main summary:visible").all():
            folded.click()
        assert page.evaluate(OVERFLOW) <= 0
        assert faults(page) == []
    assert complaints == []


def test_fold_the_filter_where_there_is_little_room(
    open_page: OpenPage, waiting: StorageState
) -> None:
    page = open_page(cookies=waiting)
    page.goto(TRAIL)
    kind = page.get_by_label("What happened")
    expect(kind).to_be_visible()

    page.set_viewport_size({"width": 390, "height": 844})
    expect(kind).to_be_hidden()
    page.get_by_text("Filter", exact=True).click()
    kind.select_option("Saved logins")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**kind=logins**")
    expect(kind).to_have_value("logins")


def test_tell_the_time_by_the_readers_clock_and_exactly(
    chromium: Browser, served: Served, waiting: StorageState
) -> None:
    with chromium.new_context(
        base_url=served.url, storage_state=waiting, timezone_id="America/Chicago", locale="de-DE"
    ) as window:  # whose browser is in a language that we do not speak
        page = window.new_page()
        page.goto(TRAIL)
        event = page.locator(".event").first

        expect(event.locator("time")).to_have_text(re.compile(r"^\d+:\d\d:\d\d\s[AP]M$"))
        expect(event.locator(".exact")).to_have_css("visibility", "hidden")
        event.locator("summary").focus()
        expect(event.locator(".exact")).to_have_css("visibility", "visible")
        expect(event.locator(".exact")).to_have_text(UTC)

        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**zone=America%2FChicago")


def test_can_be_read_without_javascript(
    chromium: Browser, served: Served, waiting: StorageState
) -> None:
    with chromium.new_context(
        base_url=served.url, storage_state=waiting, java_script_enabled=False
    ) as window:
        page = window.new_page()
        page.goto(TRAIL)
        expect(page.locator(".event time").first).to_have_text(UTC)
        page.get_by_label("What happened").select_option("Registrations")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_text("Nothing like this has been recorded.")).to_be_visible()

        page.get_by_role("tab", name="Registrations").click()
        expect(page.get_by_role("heading", name="Saturday Nordic Kids")).to_be_visible()
        expect(page.get_by_text("A person is checking", exact=True)).to_be_visible()
        page.get_by_role("link", name="What was done for it").click()
        expect(page.get_by_text("Only one signup is shown.")).to_be_visible()


def test_lead_back_to_the_chat_of_a_registration(
    open_page: OpenPage, log_in: Callable[[Page], Page]
) -> None:
    page = log_in(open_page())
    expect(page.locator(".turn").first).to_be_visible()
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    [older] = page.request.get("/api/v1/sessions").json()["results"]
    headers = {"X-CSRFToken": token}
    said = {"message": "Blackhawk Ski Club"}
    page.request.post(f"/api/v1/sessions/{older['id']}/messages", data=said, headers=headers)
    page.request.post("/api/v1/sessions", headers=headers)

    page.goto(f"/?session={older['id']}")

    expect(page.locator(".turn-card", has_text="Blackhawk Ski Club").first).to_be_visible()
    page.get_by_role("button", name="Start over").click()
    page.get_by_role("dialog").get_by_role("button", name="Start over").click()
    expect(page.get_by_text("New signup")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/$"))  # so that a reload shows the new one
