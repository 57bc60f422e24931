"""Recovering when something fails on the way…"""

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.turns import (
    answer_with,
    button,
    card,
    problem,
    resuming,
    turn,
)

pytestmark = pytest.mark.once

OUT_OF_REACH = "SignupAssist cannot be reached right now. Please try again in a moment."
PENDING = turn("Which one?", cta=[button("None of these", "reject_provider")])


def say(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def noting(keys: list[str | None], answer: Any) -> Any:
    """Return a reply that also notes the key of the request."""

    def reply(request: Request) -> Any:
        keys.append(request.headers.get("idempotency-key"))
        return answer

    return reply


def test_repeats_the_same_request_after_a_broken_connection(chat: Page) -> None:
    keys: list[str | None] = []
    note = partial(noting, keys)
    answers = [*resuming(PENDING), note(None), note(turn("I found it.", version=2))]
    asked = answer_with(chat, answers)

    chat.goto("/")
    say(chat, "Blackhawk")
    expect(chat.get_by_text(OUT_OF_REACH)).to_be_visible()
    chat.get_by_role("button", name="Retry").click()
    expect(chat.get_by_text("I found it.")).to_be_visible()

    assert asked[-1] == asked[-2]
    assert keys[0] == keys[1], "the server must be able to see that it is the same one"
    assert keys[0]


def test_repeats_the_same_request_while_the_first_one_still_runs(chat: Page) -> None:
    keys: list[str | None] = []
    note = partial(noting, keys)
    sentence = "One moment, I am still working on this request."
    running = problem(409, "idempotency_key_in_progress", sentence, retryable=True)
    seen, found = resuming(PENDING), turn("I found it.", version=2)
    answer_with(chat, [*seen, note(None), note(running), seen[1], note(found)])

    chat.goto("/")
    say(chat, "Blackhawk")
    expect(chat.get_by_text(OUT_OF_REACH)).to_be_visible()
    chat.get_by_role("button", name="Retry").click()
    expect(chat.get_by_text(sentence)).to_be_visible()
    chat.get_by_role("button", name="Retry").last.click()
    expect(chat.get_by_text("I found it.")).to_be_visible()

    assert len(keys) == 3
    assert len(set(keys)) == 1, "a new key would be another request, and wait in vain"


@pytest.mark.parametrize(
    "proxy_says",
    [
        (502, "text/html", "<h1>Bad Gateway</h1>"),
        (504, "application/json", '{"code": "upstream_timeout", "detail": "Gateway Timeout"}'),
        (200, "text/html", "<h1>Please wait</h1>"),
    ],
)
def test_repeats_the_same_request_after_a_proxy_s_own_answer(
    chat: Page, proxy_says: tuple[int, str, str]
) -> None:
    keys: list[str | None] = []
    note = partial(noting, keys)
    seen, found = resuming(PENDING), turn("I found it.", version=2)
    answer_with(chat, [*seen, note(proxy_says), seen[1], note(found)])

    chat.goto("/")
    say(chat, "Blackhawk")
    expect(chat.get_by_text("Something went wrong. Please try again.")).to_be_visible()
    chat.get_by_role("button", name="Retry").click()
    expect(chat.get_by_text("I found it.")).to_be_visible()

    assert keys[0] == keys[1], "the server may have done it, or be at it still"
    assert keys[0]


def test_recovers_when_the_very_first_request_fails(chat: Page) -> None:
    answer_with(chat, [None, *resuming(PENDING)])

    chat.goto("/")
    expect(chat.get_by_text(OUT_OF_REACH)).to_be_visible()
    chat.get_by_role("button", name="Retry").click()

    expect(chat.get_by_text("Which one?")).to_be_visible()


def test_says_that_it_takes_long_only_where_it_did(chat: Page) -> None:
    too_slow = "AbortSignal.timeout = () => AbortSignal.abort(new DOMException('', 'TimeoutError'))"
    chat.add_init_script(too_slow)
    answer_with(chat, [])
    chat.goto("/")
    sentence = "This is taking longer than expected. Please try again."
    expect(chat.get_by_text(sentence)).to_be_visible()


def test_lets_a_signup_be_left_whose_conversation_cannot_be_read(chat: Page) -> None:
    sentence = "This signup cannot be read right now. Nothing was lost."
    anew = [button("Start a new signup", "reset", "accent")]
    locked = problem(503, "key_unavailable", sentence, cta=anew, retryable=True)
    listed = resuming(PENDING)[0]
    hello = turn("Hello again.", session_id="0b6f7f52-1c7e-4b66-9f0e-5d1c2b3a4f60")
    asked = answer_with(chat, [listed, locked, locked, listed, locked, locked, hello])

    chat.goto("/")
    expect(chat.get_by_text(sentence)).to_be_visible()
    expect(chat.get_by_role("button", name="Start a new signup")).to_be_enabled()
    chat.get_by_role("button", name="Retry").click()
    expect(chat.get_by_text(sentence)).to_have_count(2)
    chat.get_by_role("button", name="Start over").click()
    chat.get_by_role("dialog").get_by_role("button", name="Start over").click()

    expect(chat.get_by_text("Hello again.")).to_be_visible()
    assert asked[-1][2] == {"action": "reset", "payload": {}}


def test_posts_the_button_that_a_problem_offers(chat: Page) -> None:
    sentence = "The provider service is unavailable. Please try again shortly."
    retry = [button("Retry", "retry_last", "accent")]
    down = problem(503, "mcp_unavailable", sentence, cta=retry, retryable=True)
    seen = resuming(PENDING)
    asked = answer_with(chat, [*seen, down, seen[1], turn("I found it.", version=2)])

    chat.goto("/")
    say(chat, "Blackhawk")
    expect(chat.get_by_text(sentence)).to_be_visible()
    expect(chat.get_by_role("button", name="None of these")).to_be_enabled()
    chat.get_by_role("button", name="Retry").click()

    expect(chat.get_by_text("I found it.")).to_be_visible()
    assert asked[-1][2] == {"action": "retry_last", "payload": {}}


def test_shows_where_a_signup_stands_that_moved_on_elsewhere(chat: Page) -> None:
    sentence = "This signup moved on in another window. Here is where it stands now."
    now = turn("Please check this.", step="confirmation", version=9)
    answer_with(chat, [*resuming(PENDING), problem(409, "session_conflict", sentence, turn=now)])

    chat.goto("/")
    chat.get_by_role("button", name="None of these").click()

    expect(chat.get_by_text(sentence)).to_be_visible()
    expect(chat.locator(".turn").last).to_contain_text("Please check this.")
    expect(chat.locator("[data-step-words]")).to_contain_text("Confirm")


def test_says_why_a_button_of_an_older_window_does_nothing(chat: Page) -> None:
    now = turn("Please fill this in.", step="form_fill", version=9)
    stale = problem(409, "action_not_available", "That is not possible right now.", turn=now)
    answer_with(chat, [*resuming(PENDING), stale])

    chat.goto("/")
    chat.get_by_role("button", name="None of these").click()

    expect(chat.get_by_text("This signup moved on in another window.")).to_be_visible()
    expect(chat.get_by_text("That is not possible right now.")).to_have_count(0)
    expect(chat.locator(".turn").last).to_contain_text("Please fill this in.")
    expect(chat.locator(".turn").last).to_be_focused()


def test_says_what_is_possible_where_nothing_moved_on(chat: Page) -> None:
    sentence = "That is not possible right now. You can search again or cancel."
    answer_with(
        chat, [*resuming(PENDING), problem(409, "action_not_available", sentence, turn=PENDING)]
    )

    chat.goto("/")
    chat.get_by_role("button", name="None of these").click()

    expect(chat.get_by_text(sentence)).to_be_visible()


def test_does_not_repeat_a_turn_that_is_on_the_page_already(chat: Page) -> None:
    busy = problem(409, "turn_in_progress", "One moment.", turn=PENDING, retryable=True)
    answer_with(chat, [*resuming(PENDING), busy])

    chat.goto("/")
    chat.get_by_role("button", name="None of these").click()

    expect(chat.get_by_text("One moment.")).to_be_visible()
    expect(chat.get_by_text("Which one?")).to_have_count(1)
    expect(chat.get_by_role("button", name="Retry")).to_be_enabled()


def test_offers_a_new_signup_when_this_one_timed_out(chat: Page) -> None:
    sentence = "This signup timed out after 24 hours. Let's start again."
    expired = problem(410, "checkout_session_expired", sentence)
    anew = turn("Hello again.", session_id="0b6f7f52-1c7e-4b66-9f0e-5d1c2b3a4f60")
    asked = answer_with(chat, [*resuming(PENDING), expired, anew])

    chat.goto("/")
    say(chat, "Blackhawk")
    expect(chat.get_by_text(sentence)).to_be_visible()
    chat.get_by_role("button", name="Start a new signup").click()

    expect(chat.get_by_text("Hello again.")).to_be_visible()
    assert asked[-1][2] == {"action": "reset", "payload": {}}


@pytest.mark.parametrize("redirect", ["/auth", "https://evil.example/", "//evil.example/"])
def test_leads_to_the_log_in_of_this_site_when_it_expired(chat: Page, redirect: str) -> None:
    sentence = "Your session expired. Please log in again."
    answer_with(chat, [problem(401, "session_expired", sentence, redirect=redirect)])
    chat.route("**/auth?next=/&why=ended", lambda route: route.fulfill(body="the log-in"))

    chat.goto("/")

    chat.wait_for_url("**/auth?next=/&why=ended")
    expect(chat.get_by_text("the log-in")).to_be_visible()


def test_shows_the_step_that_a_failure_led_to(chat: Page) -> None:
    sentence = "The provider did not accept this login."
    replace = button("Replace this login", "show_login_dialog", "accent")
    left = turn(
        sentence, card("Ours", replace), step="login", version=2, meta={"code": "login_failed"}
    )
    refused = problem(422, "login_failed", sentence, cta=[replace])
    answer_with(chat, [*resuming(PENDING), refused, {**left["session"], "last_turn": left}])

    chat.goto("/")
    chat.get_by_role("button", name="None of these").click()

    expect(chat.get_by_text(sentence)).to_have_count(1)
    expect(chat.locator("[data-step-words]")).to_contain_text("Log in")
    expect(chat.locator("button", has_text="None of these")).to_be_hidden()
    expect(chat.get_by_role("heading", name="Ours")).to_be_visible()
