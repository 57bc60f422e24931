"""Saying what a parent agrees to, before anything is sent…"""

from typing import Any

import pytest

from orchestrator.flow import consent
from orchestrator.tools.contract import Field, Program, Provider

pytestmark = pytest.mark.once

CLUB: Provider = {
    "name": "Blackhawk Ski Club",
    "org_ref": "blackhawk-ski",
    "provider": "skiclubpro",
    "city": "Middleton",
    "state": "WI",
    "distance_km": None,
}
NORDIC: Program = {
    "program_ref": "nordic",
    "title": "Nordic Kids",
    "description": "",
    "schedule": "Saturdays 9:00–11:00",
    "price_cents": 18_000,
    "currency": "USD",
    "spots_left": 14,
    "opens_at": None,
}
EMMA = {"child_name": "Emma", "born": "2018-05-31", "size": "m", "days": ["sat", "sun"], "ok": True}


def field(name: str, label: str, kind: str = "text", **options: str) -> Field:
    return {
        "name": name,
        "label": label,
        "type": kind,
        "required": True,
        "options": [{"value": value, "label": text} for value, text in options.items()],
        "help": "",
        "role": None,
    }


FORM = [
    field("child_name", "Child's name"),
    field("born", "Born", "date"),
    field("size", "Jacket", "select", s="Small", m="Medium"),
    field("days", "Days", "multiselect", sat="Saturday", sun="Sunday"),
    field("ok", "Photos may be taken", "checkbox"),
    field("notes", "Notes", "textarea"),
]


def shown(program: Program, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return consent.to_show(CLUB, program, FORM, given)


def test_names_the_deed_the_place_the_child_and_the_price() -> None:
    text, metadata = shown(NORDIC, EMMA)

    sentence = (
        "When you press Confirm, I register Emma for Nordic Kids at Blackhawk Ski Club, "
        "with your login there. The price is $180.00."
    )
    assert metadata["consent"] == sentence
    assert text.startswith(f"{sentence}\n")
    assert metadata["price"] == "$180.00"


def test_names_the_parent_where_no_child_is_asked_for_and_says_what_is_free() -> None:
    _, metadata = shown(NORDIC | {"price_cents": 0}, {})

    assert metadata["consent"] == (
        "When you press Confirm, I register you for Nordic Kids at Blackhawk Ski Club, "
        "with your login there. It is free."
    )


def test_shows_every_answer_that_is_sent_as_people_read_it() -> None:
    text, metadata = shown(NORDIC, EMMA)

    answers = {
        "Child's name": "Emma",
        "Born": "May 31, 2018",
        "Jacket": "Medium",
        "Days": "Saturday, Sunday",
        "Photos may be taken": "yes",
    }
    assert {each["label"]: each["value"] for each in metadata["facts"]} == {
        "Where": "Blackhawk Ski Club, Middleton, WI",
        "When": "Saturdays 9:00–11:00",
    } | answers
    assert text.splitlines()[1:] == [f"{label}: {value}" for label, value in answers.items()]


def test_leaves_out_what_nobody_told() -> None:
    _, metadata = shown(NORDIC | {"schedule": ""}, {})

    assert [each["label"] for each in metadata["facts"]] == ["Where"]


def test_takes_a_name_with_a_percent_sign_as_it_is() -> None:
    _, metadata = shown(NORDIC | {"title": "100% snow %(price)s"}, {"child_name": "%s"})

    assert "I register %s for 100% snow %(price)s at" in metadata["consent"]
