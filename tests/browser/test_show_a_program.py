"""Showing what a program costs, and whether it can be had…"""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.turns import answer_with, button, card, resuming, turn

pytestmark = pytest.mark.once

LINE = "Saturdays · $95.00 · 2 spots left"


def show(page: Page, *offers: dict[str, Any]) -> None:
    cards = [card(f"Program {i}", subtitle=LINE, metadata=each) for i, each in enumerate(offers)]
    answer_with(page, resuming(turn("Which one?", *cards, step="program_selection")))
    page.goto("/")
    expect(page.locator(".turn-card")).to_have_count(len(offers))


def test_tells_the_price_the_spots_the_schedule_and_the_opening_apart(chat: Page) -> None:
    opens = "opens January 15, 2027, 15:00 UTC"
    told = {"price": "$95.00", "price_cents": 9500, "currency": "USD", "schedule": "Saturdays"}

    show(chat, told | {"spots_left": 2, "opens": opens}, told | {"spots_left": 0, "price": "free"})

    first, second = chat.locator(".turn-card").all()
    expect(first.locator(".card-price")).to_have_text("$95.00")
    expect(first.locator(".card-subtitle")).to_have_text("Saturdays")
    expect(first.locator(".pill")).to_have_text(
        ["2 spots left", "Opens January 15, 2027, 15:00 UTC"]
    )
    expect(second.locator(".card-price")).to_have_text("Free")
    expect(second.locator(".pill")).to_have_text(["Full"])


def test_writes_a_price_itself_where_the_server_wrote_none(chat: Page) -> None:
    show(
        chat,
        {"price_cents": 125000, "currency": "USD", "spots_left": 1},
        {"price_cents": 0, "currency": "USD"},
    )

    first, second = chat.locator(".turn-card").all()
    expect(first.locator(".card-price")).to_have_text("$1,250.00")
    expect(first.locator(".pill")).to_have_text(["1 spot left"])
    expect(first.locator(".card-subtitle")).to_have_text(LINE)
    expect(second.locator(".card-price")).to_have_text("Free")


ODD: list[Any] = [
    {"price_cents": "9500", "currency": "USD", "spots_left": "2"},
    {"price_cents": -1, "currency": "USD", "spots_left": -3},
    {"price_cents": 9500, "currency": "not a currency", "spots_left": 2.5},
    {"price_cents": 1e300, "price": {}, "opens": 7, "facts": "none", "attribution": []},
    {"status": "constructor", "prerequisite": None, "confirmation_ref": "X", "facts": [None, {}]},
    None,
]


def test_makes_nothing_of_odd_values(chat: Page, complaints: list[str]) -> None:
    show(chat, *ODD)

    expect(chat.locator(".card-price, .pill, .facts, .card-attribution")).to_have_count(0)
    expect(chat.locator(".card-subtitle")).to_have_text([LINE] * len(ODD))
    assert complaints == []


def test_shows_what_is_agreed_to_line_by_line(chat: Page) -> None:
    agreed = card(
        "Nordic Kids",
        button("Confirm registration", "confirm_registration", "accent", summary="s"),
        subtitle=LINE,
        description="I register Emma.\nChild's name: Emma",
        metadata={
            "consent": "I register Emma.",
            "price": "$95.00",
            "facts": [
                {"label": "Where", "value": "Blackhawk Ski Club"},
                {"label": "Child's name", "value": "Emma"},
            ],
        },
    )
    answer_with(chat, resuming(turn("Please check this.", agreed, step="confirmation")))

    chat.goto("/")

    expect(chat.get_by_text("I register Emma.", exact=True)).to_be_visible()
    expect(chat.get_by_role("term")).to_have_text(["Where", "Child's name"])
    expect(chat.get_by_role("definition")).to_have_text(["Blackhawk Ski Club", "Emma"])
    expect(chat.locator(".card-price")).to_have_text("$95.00")
