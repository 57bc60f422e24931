"""Keeping what was typed in a form, when a question comes in between…"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, StorageState, expect

from tests.browser.conftest import Served
from tests.browser.test_look_out_for_the_outcome import LOOK
from tests.browser.turns import answer_with, button, card, field, problem, resuming, turn

pytestmark = pytest.mark.once

SIZES = [{"value": "s", "label": "Small"}, {"value": "m", "label": "Medium"}]
DAYS = [{"value": "sat", "label": "Saturday"}, {"value": "sun", "label": "Sunday"}]
FIELDS = [
    field("child_name", "Child's name", help="As on the passport", role="participant"),
    field("born", "Date of birth", "date"),
    field("years", "Years of skiing", "number", required=False),
    field("size", "Jacket size", "select", options=SIZES),
    field("days", "Days", "multiselect", options=DAYS),
    field("notes", "Notes", "textarea", required=False),
    field("photos", "Photos may be taken", "checkbox", required=False),
]
CHANGE = button("Change program", "change_program")


def form(message: str, version: int = 1, **given: Any) -> dict[str, Any]:
    """Return the Turn that shows the form, with what the server has been given before.

    Its members stand in another order each time, as they may where a database sorted them.
    """
    filled = [
        each | ({"value": given[each["name"]]} if each["name"] in given else {}) for each in FIELDS
    ]
    shown = [dict(sorted(each.items(), reverse=version % 2 == 0)) for each in filled]
    return turn(message, step="form_fill", version=version, form=shown, cta=[CHANGE])


FIRST = form("Please fill this in.")
ANSWER = form("It is $95.00.", 2)
NEXT = turn("Please check this.", card("Nordic Kids"), step="confirmation", version=3)


def ask(page: Page, words: str) -> None:
    page.get_by_label("Your message").fill(words)
    page.get_by_label("Your message").press("Enter")


def newest_form(page: Page) -> Locator:
    """Return the form, after seeing that it is the only one and belongs to the newest answer."""
    expect(page.locator(".turn-form")).to_have_count(1)
    return page.locator(".turn").last.locator(".turn-form")


def test_shows_all_of_it_in_the_form_that_comes_with_the_answer(
    open_page: Callable[..., Page], cookies: StorageState
) -> None:
    page = open_page(width=390, cookies=cookies)
    asked = answer_with(page, [*resuming(FIRST), ANSWER, form("Yes.", 3), NEXT])
    page.goto("/")
    page.get_by_label("Child's name").fill("Emma")
    page.get_by_label("Date of birth").fill("2018-05-31")
    page.get_by_label("Years of skiing").fill("2.5")
    page.get_by_label("Jacket size").select_option(label="Medium")
    page.get_by_label("Sunday").check()
    page.get_by_label("Photos may be taken").check()

    ask(page, "how much is it?")
    expect(page.get_by_text("It is $95.00.")).to_be_visible()
    page.get_by_label("Notes").fill("Shy at first")
    ask(page, "is it outside?")
    expect(page.get_by_text("Yes.", exact=True)).to_be_visible()

    shown = newest_form(page)
    expect(shown.get_by_label("Child's name")).to_have_value("Emma")
    expect(shown.get_by_label("Date of birth")).to_have_value("2018-05-31")
    expect(shown.get_by_label("Jacket size").locator("option:checked")).to_have_text("Medium")
    expect(shown.get_by_label("Saturday")).not_to_be_checked()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    shown.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Please check this.")).to_be_visible()
    assert asked[-1][2]["payload"]["answers"] == {
        "child_name": "Emma",
        "born": "2018-05-31",
        "years": 2.5,
        "size": "m",
        "days": ["sun"],
        "notes": "Shy at first",
        "photos": True,
    }
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])")
    assert json.loads(kept) == [{}, {}, None], "what is typed about a child stays in memory"


def test_lets_what_was_typed_win_over_what_the_server_has(chat: Page) -> None:
    before: dict[str, Any] = {
        "child_name": "Emma",
        "notes": "Shy",
        "photos": True,
        "days": ["sat"],
        "size": "s",
    }
    given = before | {"born": "2018-05-31", "years": 3, "size": "m"}
    answer_with(chat, [*resuming(form("Here it is.", **before)), form("Yes.", 2, **given)])
    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma Larsen")
    chat.get_by_label("Years of skiing").fill("0")
    chat.get_by_label("Notes").fill("")
    chat.get_by_label("Photos may be taken").uncheck()
    chat.get_by_label("Saturday").uncheck()

    ask(chat, "is it outside?")
    expect(chat.get_by_text("Yes.", exact=True)).to_be_visible()

    shown = newest_form(chat)
    expect(shown.get_by_label("Child's name")).to_have_value("Emma Larsen")
    expect(shown.get_by_label("Years of skiing")).to_have_value("0")
    expect(shown.get_by_label("Notes")).to_have_value("")
    expect(shown.get_by_label("Photos may be taken")).not_to_be_checked()
    expect(shown.get_by_label("Saturday")).not_to_be_checked()
    expect(shown.get_by_label("Date of birth")).to_have_value("2018-05-31")  # nothing was typed
    expect(shown.get_by_label("Jacket size").locator("option:checked")).to_have_text("Medium")


def test_begins_fields_anew_that_are_of_another_kind(chat: Page) -> None:
    other = [
        field("child_name", "Child's name", "textarea"),
        field("size", "Jacket size", "select", options=[{"value": "xl", "label": "Extra large"}]),
        FIELDS[1],
    ]
    answer_with(chat, [*resuming(FIRST), ANSWER | {"form": other}])
    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma")
    chat.get_by_label("Jacket size").select_option(label="Medium")
    chat.get_by_label("Date of birth").fill("2018-05-31")

    ask(chat, "how much is it?")
    expect(chat.get_by_text("It is $95.00.")).to_be_visible()

    shown = newest_form(chat)
    expect(shown.get_by_label("Child's name")).to_have_value("")
    expect(shown.get_by_label("Jacket size").locator("option:checked")).to_have_text(
        "Please choose"
    )
    expect(shown.get_by_label("Date of birth")).to_have_value("2018-05-31")


def test_keeps_the_errors_beside_their_fields(chat: Page) -> None:
    errors = {"born": ["Please enter a date."]}
    refusal = problem(400, "invalid_request", "Please check the marked answers.", errors=errors)
    answer_with(chat, [*resuming(FIRST), refusal, ANSWER])
    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma")
    chat.get_by_role("button", name="Continue").click()
    expect(chat.get_by_label("Date of birth")).to_be_focused()

    ask(chat, "how much is it?")
    expect(chat.get_by_text("It is $95.00.")).to_be_visible()

    shown = newest_form(chat)
    expect(shown.get_by_label("Child's name")).to_have_value("Emma")
    expect(shown.get_by_label("Date of birth")).to_have_accessible_description(
        "Please enter a date."
    )
    expect(shown.get_by_label("Child's name")).to_be_enabled()
    expect(shown.get_by_label("Child's name")).to_have_accessible_description("As on the passport")


def test_shows_it_again_where_an_error_came_back_with_the_form(chat: Page) -> None:
    conflict = problem(
        409,
        "session_conflict",
        "This signup moved on in another window. Here is where it stands now.",
        turn=form("Here is where it stands.", 2),
    )
    answer_with(chat, [*resuming(FIRST), conflict])
    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma")

    chat.get_by_role("button", name="Continue").click()
    expect(chat.get_by_text("Here is where it stands.", exact=True)).to_be_visible()

    expect(newest_form(chat).get_by_label("Child's name")).to_have_value("Emma")
    expect(newest_form(chat).get_by_label("Child's name")).to_be_enabled()


def test_leaves_the_focus_where_the_question_was_typed(chat: Page) -> None:
    answer_with(chat, [*resuming(FIRST), ANSWER])
    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma")

    ask(chat, "how much is it?")
    expect(chat.get_by_text("It is $95.00.")).to_be_visible()

    expect(chat.get_by_label("Your message")).to_be_focused()
    chat.keyboard.press("Shift+Tab")
    expect(chat.get_by_role("button", name="Change program").last).to_be_focused()


def test_forgets_it_with_another_program_or_signup(chat: Page) -> None:
    programs = turn("Which program?", step="program_selection", version=2)
    anew = form("Please fill this in for another.", 3)
    other = form("A new signup.", 1) | {
        "session": FIRST["session"] | {"id": "0b6f7f52-1c7e-4b66-9f0e-5d1c2b3a4f60"}
    }
    answer_with(chat, [*resuming(FIRST), programs, anew, other])
    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma")
    chat.get_by_role("button", name="Change program").click()
    expect(chat.get_by_text("Which program?")).to_be_visible()

    ask(chat, "the second one")
    expect(chat.get_by_text("Please fill this in for another.")).to_be_visible()
    newest = chat.locator(".turn").last
    expect(newest.get_by_label("Child's name")).to_have_value("")
    newest.get_by_label("Child's name").fill("Max")
    ask(chat, "start over")
    expect(chat.get_by_text("A new signup.")).to_be_visible()

    expect(chat.locator(".turn").last.get_by_label("Child's name")).to_have_value("")


ENDED = problem(401, "session_expired", "Please log in again.", redirect="/auth")
KEPT = "JSON.stringify({...sessionStorage})"
OTHER = {"id": "0b6f7f52-1c7e-4b66-9f0e-5d1c2b3a4f60"}
SECRET = field("club_password", "Password of the club", required=False)


def with_secret(shown: dict[str, Any]) -> dict[str, Any]:
    return shown | {"form": [*shown["form"], SECRET]}


def leave_typed(page: Page) -> None:
    """Fill in some of the form, and find out by sending it that the log-in has ended."""
    page.goto("/")
    page.get_by_label("Child's name").fill("Emma")
    page.get_by_label("Years of skiing").fill("2.5")
    page.get_by_label("Jacket size").select_option(label="Medium")
    page.get_by_label("Sunday").check()
    page.get_by_label("Notes").fill("")
    page.get_by_label("Password of the club").fill("not for any store")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("the log-in")).to_be_visible()


@pytest.fixture
def sent_away(chat: Page) -> Page:
    chat.route("**/auth?next=/&why=ended", lambda route: route.fulfill(body="the log-in"))
    return chat


def test_brings_it_back_from_the_way_to_the_log_in(sent_away: Page) -> None:
    shown = with_secret(form("Please fill this in.", notes="Shy", photos=True))
    again = with_secret(form("It is $95.00.", 2, notes="Shy", photos=True))
    answer_with(sent_away, [*resuming(shown), ENDED, *resuming(shown), again])
    leave_typed(sent_away)
    assert "not for any store" not in sent_away.evaluate(KEPT)

    sent_away.goto("/")
    ask(sent_away, "how much is it?")  # it counts as typed
    expect(sent_away.get_by_text("It is $95.00.")).to_be_visible()

    back = newest_form(sent_away)
    expect(back.get_by_label("Child's name")).to_have_value("Emma")
    expect(back.get_by_label("Years of skiing")).to_have_value("2.5")
    expect(back.get_by_label("Jacket size").locator("option:checked")).to_have_text("Medium")
    expect(back.get_by_label("Sunday")).to_be_checked()
    expect(back.get_by_label("Notes")).to_have_value("")
    expect(back.get_by_label("Photos may be taken")).to_be_checked()
    expect(back.get_by_label("Password of the club")).to_have_value("")
    sent_away.wait_for_function(f"{KEPT} === '{{}}'")


def test_brings_it_back_to_nobody_else(sent_away: Page) -> None:
    shown = with_secret(FIRST)
    other = shown | {"session": FIRST["session"] | OTHER}
    answer_with(sent_away, [*resuming(shown), ENDED, *resuming(other)])
    leave_typed(sent_away)

    sent_away.goto("/")

    expect(newest_form(sent_away).get_by_label("Child's name")).to_have_value("")
    sent_away.wait_for_function(f"{KEPT} === '{{}}'")


def test_brings_it_back_after_a_reload_and_keeps_nothing_once_it_is_sent(chat: Page) -> None:
    shown = with_secret(FIRST)
    answer_with(chat, [*resuming(shown), *resuming(shown), NEXT, *resuming(NEXT)])
    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma")
    chat.get_by_label("Password of the club").fill("not for any store")

    chat.reload()

    expect(newest_form(chat).get_by_label("Child's name")).to_have_value("Emma")
    expect(newest_form(chat).get_by_label("Password of the club")).to_have_value("")
    assert chat.evaluate(KEPT) == "{}"
    chat.get_by_role("button", name="Continue").click()
    expect(chat.get_by_text("Please check this.")).to_be_visible()
    chat.reload()
    expect(chat.get_by_text("Please check this.")).to_be_visible()
    assert chat.evaluate(KEPT) == "{}"


def test_puts_it_by_while_nobody_sees_the_page_and_never_a_password(chat: Page) -> None:
    answer_with(chat, resuming(with_secret(FIRST)))
    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma")
    chat.get_by_label("Password of the club").fill("not for any store")

    chat.evaluate(LOOK.format("true"))
    kept = chat.evaluate(KEPT)
    chat.evaluate(LOOK.format("false"))

    assert "Emma" in kept
    assert "not for any store" not in kept
    assert chat.evaluate(KEPT) == "{}"


def test_leaves_nothing_behind_where_somebody_logs_out(
    open_page: Callable[..., Page], log_in: Callable[[Page], Page]
) -> None:
    page = log_in(open_page())
    page.goto("/auth/logout")
    page.evaluate("sessionStorage.setItem('typed', 'Emma')")

    page.locator("main").get_by_role("button", name="Log out").click()

    page.wait_for_url("**/auth")
    page.wait_for_function(f"{KEPT} === '{{}}'")


@pytest.fixture
def half_typed(open_page: Callable[..., Page], served: Served) -> Page:
    """A form with a name in it, of a parent who may log out."""
    page = open_page(cookies=served.cookies_of(next(served.parents)))
    answer_with(page, resuming(with_secret(FIRST)))
    page.goto("/")
    page.get_by_label("Child's name").fill("Emma")
    return page


def test_leaves_nothing_behind_where_somebody_logs_out_of_the_chat(half_typed: Page) -> None:

    half_typed.get_by_label("Account", exact=True).click()
    half_typed.get_by_role("button", name="Log out").click()

    half_typed.wait_for_url("**/auth")
    half_typed.wait_for_function(f"{KEPT} === '{{}}'")


def test_leaves_nothing_behind_in_one_window_where_somebody_logs_out_in_another(
    half_typed: Page,
) -> None:
    other = half_typed.context.new_page()
    other.goto("/mandates-audit")

    other.get_by_label("Account", exact=True).click()
    other.get_by_role("button", name="Log out").click()

    half_typed.wait_for_url("**/auth?next=/")
    half_typed.wait_for_function(f"{KEPT} === '{{}}'")
