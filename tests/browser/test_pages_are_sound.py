"""Every page is sound: no breach of the policy, readable, and nothing wider than the window…"""

from collections.abc import Callable
from functools import cache

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, StorageState, expect

from tests.browser import steps
from tests.browser.conftest import PASSWORD, Served

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]
WINDOWS = [(1440, False), (1440, True), (390, False), (390, True)]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # the others would be described as well
}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SHIFT = """new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""


READ = """(rules) => axe.run(document, rules).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`)))"""
script = cache(lambda: Axe().axe_script)


def faults(page: Page) -> list[str]:
    """Return what axe finds wrong with a page."""
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(script())
    found: list[str] = page.evaluate(READ, RULES)
    return found


def assert_sound_in_all_windows(page: Page) -> None:
    """Look at a page in wide and narrow windows, light and dark."""
    for width, dark in WINDOWS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.wait_for_function("width => innerWidth === width", arg=width)
        assert page.evaluate(OVERFLOW) <= 0, (width, dark)
        assert faults(page) == [], (width, dark)


def assert_days_are_whole(page: Page) -> None:
    """Look whether a phone has room for a day and the sign of its calendar."""
    days = page.locator("input[type=date]")
    expect(days).to_have_count(2)
    for day in days.all():
        expect(day).to_be_visible()
        assert day.evaluate("one => one.clientWidth") > 160


@pytest.mark.parametrize("path", ["/auth", "/auth/signup"])
def test_for_everybody(open_page: OpenPage, complaints: list[str], path: str) -> None:
    page = open_page()

    page.goto(path)

    assert_sound_in_all_windows(page)
    assert complaints == []


@pytest.mark.parametrize("width", [1440, 390])
def test_for_parents_without_a_jump(
    open_page: OpenPage, cookies: StorageState, complaints: list[str], width: int
) -> None:
    page = open_page(width=width, cookies=cookies)
    page.goto("/")
    expect(page.locator(".turn").first).to_be_visible()

    assert page.evaluate(SHIFT) < 0.02
    assert complaints == []


def test_for_parents(open_page: OpenPage, served: Served, complaints: list[str]) -> None:
    page = open_page()
    page.goto("/auth")
    steps.log_in(page, next(served.parents), PASSWORD)
    expect(page.locator(".turn").first).to_be_visible()
    assert_sound_in_all_windows(page)

    page.goto("/mandates-audit")
    assert_sound_in_all_windows(page)
    assert complaints == []

    page.set_viewport_size({"width": 390, "height": 900})
    page.get_by_text("Filter", exact=True).click()
    assert_days_are_whole(page)


def test_for_staff(
    open_page: OpenPage, log_in: Callable[[Page, str], Page], served: Served, complaints: list[str]
) -> None:
    page = log_in(open_page(), served.staff)

    page.get_by_role("link", name="Admin").click()

    expect(page.get_by_text("SignupAssist audit console")).to_be_visible()
    page.goto("/admin/audit/mandateaudit/?when=today")
    expect(page.get_by_role("searchbox")).to_have_count(1)  # there is no other to be taken for it
    page.set_viewport_size({"width": 390, "height": 900})
    assert_days_are_whole(page)
    assert complaints == []

    page.goto("/admin/nothing/")
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    assert [text for text in complaints if not text.startswith("Failed to load")] == []


def test_logs_out(open_page: OpenPage, log_in: Callable[[Page], Page]) -> None:
    page = log_in(open_page())

    page.get_by_label("Account", exact=True).click()
    page.get_by_role("button", name="Log out").click()

    page.wait_for_url("**/auth")
    page.goto("/")
    page.wait_for_url("**/auth?next=/")
