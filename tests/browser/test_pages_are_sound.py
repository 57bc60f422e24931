"""Every page is sound: no breach of the policy, readable, and nothing wider than the window…"""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Served

pytestmark = pytest.mark.once

OpenPage = Callable[..., Page]
WINDOWS = [(1440, False), (1440, True), (390, False), (390, True)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SHIFT = """new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""


def faults(page: Page) -> list[str]:
    """Return what axe finds wrong with a page."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]


@pytest.mark.parametrize(("width", "dark"), WINDOWS)
@pytest.mark.parametrize("path", ["/auth", "/auth/signup"])
def test_for_everybody(
    open_page: OpenPage, complaints: list[str], path: str, width: int, dark: bool
) -> None:
    page = open_page(width=width, dark=dark)

    page.goto(path)

    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []
    assert complaints == []


@pytest.mark.parametrize(("width", "dark"), WINDOWS)
def test_for_parents(
    open_page: OpenPage,
    log_in: Callable[[Page], Page],
    complaints: list[str],
    width: int,
    dark: bool,
) -> None:
    page = log_in(open_page(width=width, dark=dark))

    expect(page.locator(".turn").first).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate(SHIFT) < 0.02
    assert faults(page) == []

    page.goto("/mandates-audit")
    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []
    assert complaints == []


def test_for_staff(
    open_page: OpenPage, log_in: Callable[[Page, str], Page], served: Served, complaints: list[str]
) -> None:
    page = log_in(open_page(), served.staff)

    page.get_by_role("link", name="Admin").click()

    expect(page.get_by_text("SignupAssist audit console")).to_be_visible()
    assert complaints == []


def test_logs_out(open_page: OpenPage, log_in: Callable[[Page], Page]) -> None:
    page = log_in(open_page())

    page.get_by_label("Account", exact=True).click()
    page.get_by_role("button", name="Log out").click()

    page.wait_for_url("**/auth")
    page.goto("/")
    page.wait_for_url("**/auth?next=/")
