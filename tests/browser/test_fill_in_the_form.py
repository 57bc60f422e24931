"""Filling in the form of a program…"""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.turns import answer_with, field, problem, resuming, turn

pytestmark = pytest.mark.once

SIZES = [{"value": "s", "label": "Small"}, {"value": "m", "label": "Medium"}]
DAYS = [{"value": "sat", "label": "Saturday"}, {"value": "sun", "label": "Sunday"}]
FORM = turn(
    "Please fill this in.",
    step="form_fill",
    form=[
        field("child_name", "Child's name", help="As on the passport", role="participant"),
        field("born", "Date of birth", "date"),
        field("years", "Years of skiing", "number", required=False),
        field("size", "Jacket size", "select", options=SIZES),
        field("days", "Days", "multiselect", options=DAYS),
        field("notes", "Notes", "textarea", required=False),
        field("photos", "Photos may be taken", "checkbox", required=False),
    ],
)
NEXT = turn("Please check this.", step="confirmation", version=2)


def test_sends_each_answer_as_its_own_kind(chat: Page) -> None:
    asked = answer_with(chat, [*resuming(FORM), NEXT])

    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma")
    chat.get_by_label("Date of birth").fill("2018-05-31")
    chat.get_by_label("Years of skiing").fill("2.5")
    chat.get_by_label("Jacket size").select_option(label="Medium")
    chat.get_by_label("Sunday").check()
    chat.get_by_label("Photos may be taken").check()
    chat.get_by_role("button", name="Continue").click()
    expect(chat.get_by_text("Please check this.")).to_be_visible()

    assert asked[-1][2] == {
        "action": "submit_form",
        "payload": {
            "answers": {
                "child_name": "Emma",
                "born": "2018-05-31",
                "years": 2.5,
                "size": "m",
                "days": ["sun"],
                "photos": True,
            }
        },
    }


def test_shows_errors_beside_their_fields_and_keeps_what_was_typed(chat: Page) -> None:
    errors = {"born": ["Please enter a date."], "days": ["Please choose from the options."]}
    refusal = problem(400, "invalid_request", "Please check the marked answers.", errors=errors)
    answer_with(chat, [*resuming(FORM), refusal, NEXT])

    chat.goto("/")
    chat.get_by_label("Child's name").fill("Emma")
    chat.get_by_role("button", name="Continue").click()

    born = chat.get_by_label("Date of birth")
    expect(born).to_be_focused()
    expect(born).to_have_attribute("aria-invalid", "true")
    expect(born).to_have_accessible_description("Please enter a date.")
    expect(chat.get_by_role("group", name="Days")).to_have_accessible_description(
        "Please choose from the options."
    )
    name = chat.get_by_label("Child's name")
    expect(name).to_have_value("Emma")
    expect(name).to_have_accessible_description("As on the passport")

    born.fill("2018-05-31")
    chat.get_by_role("button", name="Continue").click()
    expect(chat.get_by_text("Please check this.")).to_be_visible()
    expect(name).to_be_disabled()


def test_leads_from_the_summary_to_each_field_with_an_error(chat: Page) -> None:
    errors = {"born": ["Please enter a date."], "days": ["Please choose from the options."]}
    refusal = problem(400, "invalid_request", "Please check the marked answers.", errors=errors)
    answer_with(chat, [*resuming(FORM), refusal])
    chat.goto("/")
    chat.get_by_role("button", name="Continue").click()
    summary = chat.get_by_role("alert")
    expect(summary).to_contain_text("Please check the marked answers.")
    expect(summary.get_by_role("button")).to_have_text(["Date of birth", "Days"])

    summary.get_by_role("button", name="Days").press("Enter")

    expect(chat.get_by_label("Saturday")).to_be_focused()


def test_shows_the_answers_given_before(chat: Page) -> None:
    given = {"child_name": "Emma", "size": "m", "days": ["sat"], "photos": True}
    fields = [
        each | ({"value": given[each["name"]]} if each["name"] in given else {})
        for each in FORM["form"]
    ]
    answer_with(chat, resuming(FORM | {"form": fields}))

    chat.goto("/")

    expect(chat.get_by_label("Child's name")).to_have_value("Emma")
    expect(chat.get_by_label("Jacket size").locator("option:checked")).to_have_text("Medium")
    expect(chat.get_by_label("Saturday")).to_be_checked()
    expect(chat.get_by_label("Sunday")).not_to_be_checked()
    expect(chat.get_by_label("Photos may be taken")).to_be_checked()
