"""Showing a Turn…"""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.turns import answer_with, button, card, resuming, turn

pytestmark = pytest.mark.once

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_renders_hostile_text_as_text(chat: Page, complaints: list[str]) -> None:
    go = button(HOSTILE, "select_provider", org_ref=HOSTILE)
    offer = card(HOSTILE, go, subtitle=HOSTILE, description=HOSTILE)
    answer_with(chat, resuming(turn(HOSTILE, offer, cta=[go])))

    chat.goto("/")

    expect(chat.get_by_role("heading", name=HOSTILE)).to_be_visible()
    expect(chat.get_by_role("button", name=HOSTILE)).to_have_count(2)
    expect(chat.locator(".log img, .log script")).to_have_count(0)
    expect(chat).to_have_title("Sign up · SignupAssist")
    assert complaints == []


SAMPLES = [
    turn("From samples.", meta={"source": "mock"}),
    turn("The service is down.", meta={"source": "mock", "degraded": True}),
    turn("To confirm.", card("Nordic Kids", metadata={"sample": True}), step="confirmation"),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["message"]))
def test_marks_sample_data(chat: Page, sample: dict[str, Any]) -> None:
    answer_with(chat, resuming(sample))

    chat.goto("/")

    expect(chat.locator(".turn").get_by_text("Sample data")).to_be_visible()


def test_does_not_call_real_data_a_sample(chat: Page) -> None:
    answer_with(chat, resuming(turn("I found one.", meta={"source": "mcp"})))

    chat.goto("/")

    expect(chat.get_by_text("I found one.")).to_be_visible()
    expect(chat.get_by_text("Sample data")).to_have_count(0)


def test_keeps_only_the_newest_buttons_pressable(chat: Page) -> None:
    first = turn("First.", cta=[button("None of these", "reject_provider", reason="x")])
    second = turn("Second.", cta=[button("Search again", "retry_search")], version=2)
    asked = answer_with(chat, [*resuming(first), second])

    chat.goto("/")
    chat.get_by_role("button", name="None of these").click()

    expect(chat.get_by_role("button", name="Search again")).to_be_enabled()
    expect(chat.locator("button", has_text="None of these")).to_be_hidden()
    assert asked[-1][2] == {"action": "reject_provider", "payload": {"reason": "x"}}


def test_shows_cards_once_where_only_the_words_are_new(chat: Page) -> None:
    offers = [
        card(name, button("Choose", "select_program", "accent", program_ref=name), metadata=rest)
        for name, rest in (("Nordic", {"spots_left": 2, "price": "$5"}), ("Alpine", {}))
    ]
    reordered = [offers[0] | {"metadata": {"price": "$5", "spots_left": 2}}, offers[1]]
    first = turn("Which one?", *offers, step="program_selection")
    beside = turn("It is outside.", *reordered, step="program_selection", version=2)
    fewer = turn("One is left.", offers[1], step="program_selection", version=3)
    asked = answer_with(chat, [*resuming(first), beside, fewer, turn("Chosen.", version=4)])
    chat.goto("/")

    chat.get_by_label("Your message").fill("is it outside?")
    chat.keyboard.press("Enter")
    expect(chat.get_by_text("It is outside.")).to_be_visible()

    expect(chat.locator(".turn-card")).to_have_count(2)
    expect(chat.locator(".turn").last.locator(".turn-card")).to_have_count(2)
    chat.get_by_label("Your message").fill("not nordic")
    chat.keyboard.press("Enter")
    expect(chat.get_by_text("One is left.")).to_be_visible()
    expect(chat.locator(".turn-card")).to_have_count(3)
    chat.locator(".turn").last.get_by_role("button", name="Choose").click()
    expect(chat.get_by_text("Chosen.")).to_be_visible()
    assert asked[-1][2]["payload"] == {"program_ref": "Alpine"}


def test_links_a_prerequisite_to_the_web_and_to_nothing_else(chat: Page) -> None:
    cards = [
        card(
            name,
            subtitle="Missing",
            metadata={"prerequisite": name, "status": "missing", "url": url},
        )
        for name, url in (("Waiver", "https://example.org/waiver"), ("Trap", "javascript:alert(1)"))
    ]
    answer_with(chat, resuming(turn("Two are missing.", *cards, step="prerequisite_check")))

    chat.goto("/")

    expect(chat.locator(".turn-card a")).to_have_count(1)
    link = chat.get_by_role("link", name="Open example.org")
    expect(link).to_have_attribute("href", "https://example.org/waiver")
    expect(link).to_have_attribute("rel", re.compile(r"\bnoopener\b"))
    expect(chat.locator(".turn-card .pill-bad")).to_have_text(["✕Missing", "✕Missing"])


def test_keeps_the_newest_receipt_in_sight(chat: Page) -> None:
    done = turn("Done!", status="completed", step="completed")
    older = turn("Unclear.", status="outcome_unknown")["session"]
    listed = {"results": [done["session"], older], "next": None}
    answer_with(chat, [listed, {**done["session"], "last_turn": done}])

    chat.goto("/")

    expect(chat.get_by_text("Done!")).to_be_visible()
    expect(chat.get_by_role("button", name="Start a new signup")).to_be_visible()


def test_begins_a_session_where_all_are_cancelled(chat: Page) -> None:
    closed = turn("Old.", status="cancelled")["session"]
    asked = answer_with(chat, [{"results": [closed], "next": None}, (201, turn("Hi!"))])

    chat.goto("/")

    expect(chat.get_by_text("Hi!")).to_be_visible()
    assert [call[:2] for call in asked] == [
        ("GET", "/api/v1/sessions"),
        ("POST", "/api/v1/sessions"),
    ]


def test_offers_a_new_signup_when_one_is_closed(chat: Page) -> None:
    done = turn("Cancelled.", status="cancelled", version=2)
    anew = turn("Hello again.", session_id="0b6f7f52-1c7e-4b66-9f0e-5d1c2b3a4f60")
    asked = answer_with(
        chat, [*resuming(turn("Well?", cta=[button("Cancel", "cancel_registration")])), done, anew]
    )

    chat.goto("/")
    chat.get_by_role("button", name="Cancel").click()
    expect(chat.get_by_label("Your message")).to_be_disabled()
    chat.get_by_role("button", name="Start a new signup").click()

    expect(chat.get_by_text("Hello again.")).to_be_visible()
    expect(chat.get_by_label("Your message")).to_be_enabled()
    assert asked[-1][2] == {"action": "reset", "payload": {}}


def test_works_by_keyboard_alone(chat: Page) -> None:
    offer = card("Blackhawk Ski Club", button("Choose", "select_provider", "accent", org_ref="b"))
    answers = [*resuming(turn("Hi!")), turn("This one?", offer), turn("Good choice.", step="login")]
    answer_with(chat, answers)

    chat.goto("/")
    expect(chat.get_by_label("Your message")).to_be_focused()
    chat.keyboard.type("Blackhawk")
    chat.keyboard.press("Enter")
    expect(chat.get_by_text("This one?")).to_be_visible()
    expect(chat.get_by_label("Your message")).to_be_focused()
    chat.keyboard.press("Shift+Tab")
    expect(chat.get_by_role("button", name="Choose")).to_be_focused()
    chat.keyboard.press("Enter")

    expect(chat.locator(".turn").last).to_be_focused()
    expect(chat.locator(".turn").last).to_contain_text("Good choice.")
