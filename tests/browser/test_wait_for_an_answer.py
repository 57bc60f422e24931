"""Waiting for an answer that takes its time…"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, StorageState, expect

from tests.browser.test_pages_are_sound import OVERFLOW, faults
from tests.browser.turns import answer_with, resuming, turn, wait_until

pytestmark = pytest.mark.once

SPOKEN = ".typing > .visually-hidden"


@pytest.fixture
def held(open_page: Callable[..., Page]) -> Iterator[list[Route]]:
    """The requests that nobody has answered yet; what is left of them is broken off in the end."""
    requests: list[Route] = []
    yield requests
    for request in requests:
        request.abort()


def ask(page: Page, held: list[Route]) -> None:
    """Ask something on this page, whose clock stands still from then on, and hold the request."""
    page.clock.install()
    answer_with(page, resuming(turn("Hi!")))
    page.route("**/messages", lambda route: held.append(route))
    page.goto("/")
    page.get_by_label("Your message").fill("Blackhawk")
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
    page.keyboard.press("Enter")
    expect(page.locator(".typing")).to_be_visible()
    wait_until(page, lambda: bool(held))


def test_says_after_a_few_seconds_how_long_it_can_still_take(chat: Page, held: list[Route]) -> None:
    ask(chat, held)
    bar, words = chat.get_by_role("progressbar"), chat.locator(".waiting-words")
    expect(bar).to_be_hidden()

    chat.clock.run_for(5_000)
    expect(bar).to_have_accessible_name("Time that the answer may still take")
    expect(bar).to_have_js_property("value", 5)
    expect(bar).to_have_js_property("max", 30)
    expect(words).to_have_text("Still working. It can take up to 25 more seconds.")
    chat.clock.run_for(5_000)
    expect(words).to_contain_text("up to 20 more")
    chat.clock.run_for(25_000)
    expect(words).to_contain_text("any moment now")

    held.pop().fulfill(json=turn("I found it.", version=2))
    expect(chat.get_by_text("I found it.")).to_be_visible()
    expect(chat.locator(".typing")).to_have_count(0)


def test_lets_a_screen_reader_hear_the_beginning_and_the_last_stretch(
    chat: Page, held: list[Route]
) -> None:
    ask(chat, held)
    heard = [chat.locator(SPOKEN).inner_text()]

    for _ in range(7):
        chat.clock.run_for(5_000)
        words = chat.locator(SPOKEN).inner_text()
        if words != heard[-1]:
            heard.append(words)

    assert [words.rsplit(". ", 1)[-1] for words in heard] == [
        "SignupAssist is working on it",
        "It can take up to 25 more seconds.",
        "It can take up to 10 more seconds.",
        "The answer must come any moment now.",
    ]
    expect(chat.locator(".waiting-words")).to_have_attribute("aria-hidden", "true")


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1440, False)])
def test_is_sound_while_it_waits(
    open_page: Callable[..., Page],
    cookies: StorageState,
    held: list[Route],
    width: int,
    dark: bool,
) -> None:
    page = open_page(width=width, dark=dark, cookies=cookies)
    ask(page, held)
    page.clock.run_for(5_000)
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.clock.resume()

    assert page.evaluate(OVERFLOW) <= 0
    assert faults(page) == []


def test_takes_the_deadline_from_the_server(chat: Page, held: list[Route]) -> None:
    def shortened(route: Route) -> None:
        body = route.fetch().text()
        assert '<meta name="tool-deadline" content="30">' in body
        route.fulfill(body=body.replace('content="30"', 'content="12"'), content_type="text/html")

    chat.route("**/", shortened)
    ask(chat, held)

    chat.clock.run_for(5_000)

    expect(chat.get_by_role("progressbar")).to_have_js_property("max", 12)
    expect(chat.locator(".waiting-words")).to_contain_text("up to 10 more")
