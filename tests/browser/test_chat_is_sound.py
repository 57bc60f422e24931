"""The chat is sound at every step: for axe, for a small window, and for a thumb…"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.browser.test_fill_in_the_form import FORM
from tests.browser.test_pages_are_sound import OVERFLOW, faults
from tests.browser.turns import answer_with, button, card, problem, resuming, turn

pytestmark = pytest.mark.once

SMALL = """[...document.querySelectorAll(".chat button, .chat select, dialog[open] button")]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.textContent, each.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 43.9)
  .map(([text, box]) => `${text}: ${box.width} × ${box.height}`)"""
CHANGE = button("Change program", "change_program")
LONG = "Saturday Nordic Kids with an unusuallylongnamethatnobodycanbreakanywhereatall"
PROGRAMS = turn(
    "Which program would you like?",
    *[
        card(
            title,
            button("Choose", "select_program", "accent", program_ref=title),
            description="Games and first glides on classic skis.",
            metadata={
                "price": "$1,180.00",
                "schedule": "Saturdays 9:00–11:00, Jan 9 – Feb 27",
                "spots_left": left,
                "opens": "opens January 15, 2027, 15:00 UTC",
            },
        )
        for title, left in ((LONG, 2), ("Jumping", 0), ("Race Team", 40))
    ],
    cta=[button("Change provider", "change_provider")],
    step="program_selection",
    meta={"source": "mock"},
)
CHECKS = turn(
    "Two things are still missing.",
    *[
        card(
            name,
            subtitle=words,
            metadata={"prerequisite": name, "status": status, "url": "https://example.org/form"},
        )
        for name, status, words in (
            ("Membership", "ok", "In place"),
            ("Season waiver", "required", "Required"),
            ("Health form", "missing", "Missing"),
        )
    ],
    cta=[button("Check again", "check_prereqs", "accent"), CHANGE],
    step="prerequisite_check",
)
CONFIRM = turn(
    "Please check this. Nothing is sent until you press Confirm.",
    card(
        LONG,
        button("Confirm registration", "confirm_registration", "accent", summary="s"),
        button("Edit the form", "edit_form"),
        metadata={
            "consent": "When you press Confirm, I register Emma. The price is $180.00.",
            "price": "$180.00",
            "facts": [
                {"label": "Where", "value": "Blackhawk Ski Club, Middleton, WI"},
                {"label": "A question with a long label, in several words", "value": "w" * 60},
            ],
        },
    ),
    cta=[CHANGE, button("Cancel this signup", "cancel_registration")],
    step="confirmation",
)
UNKNOWN = turn(
    "We are checking whether your registration went through.",
    step="confirmation",
    status="outcome_unknown",
    meta={"code": "submission_outcome_unknown", "status_url": "/api/v1/submissions/1"},
)
RECEIPT = turn(
    "Done! The registration is confirmed.",
    card(
        "Registration confirmed",
        subtitle="Reference BSC-4F21",
        metadata={"status": "confirmed", "confirmation_ref": "BSC-4F21"},
    ),
    cta=[button("Start a new signup", "reset", "accent")],
    step="completed",
    status="completed",
)
STATES = [PROGRAMS, CHECKS, FORM, CONFIRM, UNKNOWN, RECEIPT]


def assert_sound(page: Page) -> None:
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate(SMALL) == []
    assert faults(page) == []


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1440, False)])
def test_at_each_step(
    open_page: Callable[..., Page], cookies: StorageState, width: int, dark: bool
) -> None:
    page = open_page(width=width, dark=dark, cookies=cookies)
    answer_with(page, [answer for state in STATES for answer in resuming(state)])
    asked_again = {"status": "sent"}  # while axe reads
    page.route("**/submissions/1", lambda route: route.fulfill(json=asked_again))

    for state in STATES:
        page.goto("/")
        expect(page.locator(".turn")).to_contain_text(state["message"])
        assert_sound(page)


@pytest.mark.parametrize("dark", [False, True])
def test_with_errors_in_the_form_and_a_problem_below_it(
    open_page: Callable[..., Page], cookies: StorageState, dark: bool
) -> None:
    page = open_page(width=320, dark=dark, cookies=cookies)
    errors: dict[str, Any] = {"born": ["Please enter a date."], "days": ["Please choose."]}
    wrong = problem(400, "invalid_request", "Please check the marked answers.", errors=errors)
    down = problem(
        503,
        "mcp_unavailable",
        "The provider service is unavailable.",
        cta=[button("Retry", "retry_last", "accent")],
    )
    answer_with(page, [*resuming(FORM), wrong, down, resuming(FORM)[1]])
    page.goto("/")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Date of birth")).to_be_focused()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Retry")).to_be_visible()

    assert_sound(page)


@pytest.mark.parametrize("dark", [False, True])
def test_in_the_dialog_for_a_login(
    open_page: Callable[..., Page], cookies: StorageState, dark: bool
) -> None:
    page = open_page(width=320, dark=dark, cookies=cookies)
    enter = button("Enter a login", "show_login_dialog", "accent", provider="skiclubpro")
    answer_with(page, resuming(turn("Please log in.", card("Add your login", enter), step="login")))
    page.goto("/")
    page.get_by_role("button", name="Enter a login").click()
    page.get_by_role("button", name="Save and continue").click(delay=600)
    expect(page.get_by_text("Please fill this in.")).to_have_count(2)

    assert_sound(page)
