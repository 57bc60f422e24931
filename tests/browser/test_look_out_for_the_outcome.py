"""Looking out for an outcome that nobody knows yet…"""

import itertools
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.turns import (
    answer_with,
    button,
    card,
    problem,
    resuming,
    stop_the_clock,
    turn,
    wait_until,
)

pytestmark = pytest.mark.once

CHECKING = "We are checking whether your registration went through."
STATUS_URL = "/api/v1/submissions/5b6f7f52-0c7e-4b66-9f0e-5d1c2b3a4f60"
LOOK = """Object.defineProperty(document, "hidden", {{ value: {}, configurable: true }});
document.dispatchEvent(new Event("visibilitychange"));"""
NOTE_PAUSES = """window.pauses = [];
const later = setTimeout;
window.setTimeout = (deed, pause) => {
  pauses.push(pause);
  return later(deed, pause);
};"""
PENDING = turn("Which one?", cta=[button("None of these", "reject_provider")])


def stop(page: Page) -> None:
    """Let the page's time stand still, and the page note for how long it waits."""
    stop_the_clock(page)
    page.add_init_script(NOTE_PAUSES)


def pauses(page: Page) -> list[int]:
    """Return for how many milliseconds the page has set itself to wait, each time until now."""
    noted: list[int] = page.evaluate("pauses")
    return noted


def to_the_next_look(page: Page, number: int) -> None:
    """Let the page's pause of this number pass, once it is in it."""
    page.wait_for_function("number => pauses.length === number", arg=number)
    page.clock.run_for(pauses(page)[-1])


def test_says_how_an_unknown_outcome_ended(chat: Page) -> None:
    unknown = turn(
        CHECKING, step="confirmation", status="outcome_unknown", meta={"status_url": STATUS_URL}
    )
    settled = {**unknown["session"], "status": "completed", "step": "completed"}
    answers = [
        *resuming(unknown),
        {"status": "sent", "confirmation_ref": None},
        {"status": "confirmed", "confirmation_ref": "BSC-4F21"},
        {**settled, "last_turn": unknown},
    ]
    stop(chat)
    asked = answer_with(chat, answers)

    chat.goto("/")
    expect(chat.get_by_text(CHECKING)).to_be_visible()
    expect(chat.get_by_label("Your message")).to_be_disabled()
    to_the_next_look(chat, 1)
    to_the_next_look(chat, 2)

    expect(
        chat.get_by_text("your registration went through. Your confirmation: BSC-4F21")
    ).to_be_visible()
    assert [path for _, path, _ in asked].count(STATUS_URL) == 2


@pytest.mark.parametrize(
    ("gone", "way"),
    [
        (problem(404, "not_found", "We could not find that."), "Start again"),
        (
            problem(410, "checkout_session_expired", "This signup has expired."),
            "Start a new signup",
        ),
    ],
)
def test_looks_no_more_for_an_outcome_that_is_gone(
    chat: Page, gone: tuple[int, dict[str, Any]], way: str
) -> None:
    unknown = turn(CHECKING, step="confirmation", status="outcome_unknown")
    stop(chat)
    asked = answer_with(chat, [*resuming(unknown), gone, {"status": "sent"}])

    chat.goto("/")
    expect(chat.get_by_text(CHECKING)).to_be_visible()
    to_the_next_look(chat, 1)

    expect(chat.get_by_text(gone[1]["detail"])).to_be_visible()
    expect(chat.get_by_role("button", name=way)).to_be_enabled()
    expect(chat.locator(".looking-out")).to_have_count(0)
    chat.clock.run_for(300_000)
    assert len(pauses(chat)) == 1
    assert len(asked) == 3


def test_shows_the_receipt_of_what_was_found_out_meanwhile(chat: Page) -> None:
    unknown = turn(
        CHECKING, step="confirmation", status="outcome_unknown", meta={"status_url": STATUS_URL}
    )
    receipt = turn(
        "Done! The registration is confirmed.",
        card("Registration confirmed", subtitle="Reference BSC-4F21"),
        step="completed",
        status="completed",
        version=3,
        meta={"status_url": STATUS_URL},
    )
    found = {"status": "confirmed", "confirmation_ref": "BSC-4F21"}
    stop(chat)
    asked = answer_with(
        chat, [*resuming(unknown), found, {**receipt["session"], "last_turn": receipt}]
    )

    chat.goto("/")
    expect(chat.get_by_text(CHECKING)).to_be_visible()
    to_the_next_look(chat, 1)

    expect(chat.get_by_text("Reference BSC-4F21")).to_be_visible()
    expect(chat.locator(".bubble-problem")).to_have_count(0)
    expect(chat.get_by_role("button", name="Start a new signup")).to_be_enabled()
    chat.clock.run_for(60_000)
    assert len(pauses(chat)) == 1, "it is known now"
    assert [path for _, path, _ in asked].count(STATUS_URL) == 1


def test_does_not_say_that_an_unclear_registration_would_be_cancelled(chat: Page) -> None:
    unknown = turn(
        CHECKING, step="confirmation", status="outcome_unknown", meta={"status_url": STATUS_URL}
    )
    anew = turn("Hello!", session_id="0c2f3a52-0c7e-4b66-9f0e-5d1c2b3a4f61")
    answer_with(chat, [*resuming(unknown), anew])
    chat.route(f"**{STATUS_URL}", lambda route: route.abort())  # looks, while we read and press
    dialog = chat.get_by_role("dialog", name="Start over?")

    chat.goto("/")
    chat.get_by_role("button", name="Start over").click()
    expect(dialog).to_contain_text("Your registration is still being checked, and you will hear")
    expect(dialog.get_by_text("will be cancelled")).to_be_hidden()
    dialog.get_by_role("button", name="Start over").click()
    expect(chat.get_by_text("Hello!")).to_be_visible()
    chat.get_by_role("button", name="Start over").click()
    expect(dialog.get_by_text("will be cancelled")).to_be_visible()
    expect(dialog.get_by_text("still being checked")).to_be_hidden()


def test_asks_nothing_while_nobody_looks_and_at_once_when_somebody_comes_back(chat: Page) -> None:
    unknown = turn(
        CHECKING, step="confirmation", status="outcome_unknown", meta={"status_url": STATUS_URL}
    )
    stop(chat)
    asked = answer_with(chat, [*resuming(unknown), None, {"status": "rejected"}, None])
    chat.goto("/")
    expect(chat.get_by_text("I keep checking by myself.")).to_be_visible()

    chat.evaluate(LOOK.format("true"))
    to_the_next_look(chat, 1)
    chat.clock.run_for(600_000)
    assert len(pauses(chat)) == 1
    assert len(asked) == 2

    chat.evaluate(LOOK.format("false"))  # this look fails, and the next one tells
    expect(chat.get_by_text("Last look: ")).to_be_visible()
    to_the_next_look(chat, 2)
    expect(chat.get_by_text("The provider did not accept this registration.")).to_be_visible()
    expect(chat.get_by_text("I keep checking by myself.")).to_have_count(0)


def test_takes_up_a_registration_that_was_on_its_way_when_the_page_was_loaded_again(
    chat: Page,
) -> None:
    confirm = card("Nordic Kids", button("Confirm registration", "confirm_registration"))
    sending = turn("Please check this.", confirm, step="confirmation", status="submitting")
    done = turn("Done!", step="completed", status="completed", version=2)
    now = {**done["session"], "last_turn": done}
    stop(chat)
    asked = answer_with(chat, [*resuming(sending), sending["session"], now, now])
    chat.goto("/")
    expect(chat.get_by_text("I keep checking by myself.")).to_be_visible()
    expect(chat.locator("button", has_text="Confirm registration")).to_be_hidden()

    to_the_next_look(chat, 1)
    expect(chat.get_by_text("Last look: ")).to_be_visible()
    to_the_next_look(chat, 2)

    expect(chat.get_by_text("Done!")).to_be_visible()
    expect(chat.locator("[data-step-words]")).to_contain_text("Done")
    assert [method for method, _, _ in asked] == ["GET"] * 5, "nothing is sent again"


def test_asks_less_and_less_often(chat: Page) -> None:
    unknown = turn(
        CHECKING, step="confirmation", status="outcome_unknown", meta={"status_url": STATUS_URL}
    )
    stop(chat)
    asked = answer_with(chat, [*resuming(unknown), *[{"status": "sent"}] * 100])

    chat.goto("/")
    expect(chat.get_by_text(CHECKING)).to_be_visible()
    for number in range(1, 7):
        to_the_next_look(chat, number)
    wait_until(chat, lambda: len(asked) == 8)

    first_six = pauses(chat)[:6]
    assert first_six == sorted(set(first_six))
    in_a_minute = [passed for passed in itertools.accumulate(first_six) if passed <= 60_000]
    assert 4 <= len(in_a_minute) < 6


def test_shows_the_registration_that_is_in_the_way(chat: Page) -> None:
    sentence = "You already have a registration for this program."
    twice = problem(409, "already_registering", sentence, turn=PENDING, status_url=STATUS_URL)
    confirmed = {"status": "confirmed", "confirmation_ref": "BSC-4F21"}
    answer_with(chat, [*resuming(PENDING), twice, confirmed])

    chat.goto("/")
    chat.get_by_role("button", name="None of these").click()
    chat.get_by_role("button", name="Show that registration").click()

    expect(chat.get_by_text("Your confirmation: BSC-4F21")).to_be_visible()
    expect(chat.get_by_role("button", name="None of these")).to_be_enabled()


def test_does_not_ask_about_an_outcome_that_is_known(chat: Page) -> None:
    done = turn("Done!", step="completed", status="completed", meta={"status_url": STATUS_URL})
    stop(chat)
    asked = answer_with(chat, [{"results": [], "next": None}, (201, done)])

    chat.goto("/")
    expect(chat.get_by_text("Done!")).to_be_visible()
    chat.clock.run_for(60_000)

    assert pauses(chat) == []
    assert len(asked) == 2
