"""Saying whether a program can be had right now…"""

from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.flow import openings, screens
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import Step
from orchestrator.tools.contract import Program
from tests.orchestrator.chat import ANSWERS, FULL, SATURDAY, Chat

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
JANUARY = "2027-01-15T15:00:00Z"
CHOSEN: dict[str, Any] = {
    "offered": (),
    "provider": {
        "name": "Riverside Swim Club",
        "org_ref": "riverside",
        "provider": "p",
        "city": "",
        "state": "",
        "distance_km": None,
    },
}


def lifesavers(spots_left: int | None = 16, opens_at: str | None = None) -> Program:
    return {
        "program_ref": "lifesavers",
        "title": "Junior Lifesavers",
        "description": "",
        "schedule": "",
        "price_cents": 9500,
        "currency": "USD",
        "spots_left": spots_left,
        "opens_at": opens_at,
    }


def message(step: Step, program: Program, *statuses: str) -> str:
    checked: Any = [
        {"name": str(index), "status": status, "label": "Membership", "url": None}
        for index, status in enumerate(statuses)
    ]
    plan = Plan(step=step, program=program, prerequisites=tuple(checked), **CHOSEN)
    return screens.at(plan, {}, "summary", now=NOON).message


def line(program: Program) -> str:
    plan = Plan(step=Step.PROGRAM_SELECTION, programs=(program,), **CHOSEN)
    return screens.at(plan, {}, "", now=NOON).cards[0]["subtitle"]


CHECK, CONFIRMATION = Step.PREREQUISITE_CHECK, Step.CONFIRMATION
IN_PLACE = "Everything is in place for Junior Lifesavers"
TO_CHECK = "Please check this. Nothing is sent until you press Confirm."
NO_SPOTS = (
    "has no spots left right now: the provider may put your child on a waiting list or say no."
)
NOT_YET = "registration opens on January 15, 2027, 15:00 UTC: until then the provider may say no."


@pytest.mark.once
@pytest.mark.parametrize(
    ("program", "in_place", "to_check"),
    [
        (lifesavers(), f"{IN_PLACE}.", TO_CHECK),
        (lifesavers(spots_left=None), f"{IN_PLACE}.", TO_CHECK),
        (
            lifesavers(spots_left=0),
            f"{IN_PLACE}, but it {NO_SPOTS}",
            f"{TO_CHECK} Please note: the program {NO_SPOTS}",
        ),
        (
            lifesavers(opens_at=JANUARY),
            f"{IN_PLACE}, but {NOT_YET}",
            f"{TO_CHECK} Please note: {NOT_YET}",
        ),
        (
            lifesavers(spots_left=0, opens_at=JANUARY),
            f"{IN_PLACE}, but {NOT_YET}",
            f"{TO_CHECK} Please note: {NOT_YET}",
        ),
        (lifesavers(opens_at="2026-07-14T12:00:00Z"), f"{IN_PLACE}.", TO_CHECK),
        (lifesavers(opens_at="in the new year"), f"{IN_PLACE}.", TO_CHECK),
    ],
    ids=["free", "unsaid", "full", "not yet open", "neither", "open by now", "no time"],
)
def test_warns_at_the_check_and_again_at_the_confirmation(
    program: Program, in_place: str, to_check: str
) -> None:
    assert message(CHECK, program, "ok") == in_place
    assert message(CONFIRMATION, program, "ok") == to_check


@pytest.mark.once
def test_warns_where_something_else_is_missing_too() -> None:
    assert message(CHECK, lifesavers(spots_left=0), "missing", "ok", "required") == (
        "2 things are still missing for Junior Lifesavers. Please take care of them, then check "
        f"again. Please note: the program {NO_SPOTS}"
    )
    assert message(CHECK, lifesavers(), "missing", "ok") == (
        "One thing is still missing for Junior Lifesavers. Please take care of it, then check again."
    )


@pytest.mark.once
@pytest.mark.parametrize(
    ("opens_at", "told"),
    [
        (JANUARY, "opens January 15, 2027, 15:00 UTC"),
        ("2027-01-04T09:00:00-06:00", "opens January 4, 2027, 09:00 UTC-06:00"),
        ("2027-01-04T09:00", "opens January 4, 2027, 09:00"),
        ("2027-01-04", "opens January 4, 2027"),
        ("in the new year", "opens in the new year"),
        ("2027-13-40", "opens 2027-13-40"),
        ("9999-12-31T23:59:59-23:59", "opens December 31, 9999, 23:59 UTC-23:59"),
        ("0001-01-01T00:00:00+23:59", ""),
        ("2026-07-14T11:59:59Z", ""),  # it is open by now
        ("", ""),
        (None, ""),
    ],
)
def test_writes_the_opening_as_people_do(opens_at: str | None, told: str) -> None:
    expected = " · ".join(part for part in ("$95.00", "16 spots left", told) if part)

    assert line(lifesavers(opens_at=opens_at)) == expected


@pytest.mark.once
@pytest.mark.parametrize(("spots", "told"), [(0, "full"), (1, "1 spot left"), (2, "2 spots left")])
def test_counts_the_spots(spots: int, told: str) -> None:
    assert line(lifesavers(spots)) == f"$95.00 · {told}"


@pytest.mark.once
@pytest.mark.parametrize(
    ("program", "label", "variant"),
    [
        (lifesavers(), "Choose", "accent"),
        (lifesavers(spots_left=0), "Choose anyway", "outline"),
        (lifesavers(opens_at=JANUARY), "Choose anyway", "outline"),
    ],
)
def test_urges_only_to_what_can_be_had(program: Program, label: str, variant: str) -> None:
    plan = Plan(step=Step.PROGRAM_SELECTION, programs=(program,), **CHOSEN)

    screen = screens.at(plan, {}, "", now=NOON)

    assert [(each["label"], each["variant"]) for each in screen.cards[0]["buttons"]] == [
        (label, variant)
    ]


@pytest.mark.once
def test_knows_nothing_of_no_program() -> None:
    assert openings.caveat(None, NOON) == ""


def test_tells_the_parent_on_the_way_to_a_full_program(chat: Chat) -> None:
    chat.walk_to("program_selection")

    chosen = chat.press("select_program", program_ref=FULL)
    chat.press("complete_prereqs")
    to_confirm = chat.press("submit_form", answers=ANSWERS)

    assert f", but it {NO_SPOTS}" in chosen["message"]
    assert f"Please note: the program {NO_SPOTS}" in to_confirm["message"]


def test_tells_nothing_of_the_kind_on_the_way_to_a_free_one(chat: Chat) -> None:
    chat.walk_to("prerequisite_check", program=SATURDAY)

    assert "in place for Nordic Kids: Saturday." in chat.last["message"]
