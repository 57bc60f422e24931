"""What is said of the child chooses a program…"""

import pytest

from orchestrator.flow.plan import Plan
from orchestrator.understanding.parser import understand
from tests.orchestrator.understanding.plans import PLANS, SKI

pytestmark = pytest.mark.once

LITTLE_ONES = SKI[2]


def _only(**facts: object) -> Plan:
    return PLANS["ski_programs"].but(programs=(SKI[1], LITTLE_ONES | facts))


def test_only_if_exactly_one_fits_and_can_be_had() -> None:
    intent = understand(_only(), "my daughter is 5")

    assert intent.payload == {"program_ref": LITTLE_ONES["program_ref"]}


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"spots_left": 0}, "is full"),
        ({"description": "Ages 4 to 5. Registration for this season is closed."}, "is closed"),
        ({"opens_at": "2999-01-15T15:00:00Z"}, "is not open yet"),
    ],
)
def test_but_none_that_cannot_be_had(facts: dict[str, object], why: str) -> None:
    stated = understand(_only(**facts), "my daughter is 5")
    named = understand(_only(**facts), "first tracks, she is 5")

    assert stated.answer == f"Only First Tracks says so, but it {why}. Choose it by its name."
    assert named.payload == {"program_ref": "first-tracks"}


def test_but_none_that_is_open_since_long() -> None:
    intent = understand(_only(opens_at="2001-01-15"), "my daughter is 5")

    assert intent.payload == {"program_ref": "first-tracks"}


@pytest.mark.parametrize("words", ["she is 17", "he was born in March"])
def test_or_says_that_none_states_it(words: str) -> None:
    intent = understand(PLANS["ski_programs"], words)

    assert intent.name == "unclear"
    assert str(intent.answer).startswith("None of these says")


def test_or_says_which_fit() -> None:
    intent = understand(PLANS["ski_programs"], "he's turning 9 in July")

    assert "Nordic Kids; Alpine Beginners; Junior Jumping (it is full)" in str(intent.answer)


@pytest.mark.parametrize(
    ("plan", "words", "chosen"),
    [
        ("ski_programs", "the cheapest one that isn't full", "first-tracks"),
        ("swim_classes", "level 3, he's 11", "level-3"),
        ("ski_programs", "junior jumping", "junior-jumping"),
    ],
)
def test_and_leaves_what_is_named_alone(plan: str, words: str, chosen: str) -> None:
    assert understand(PLANS[plan], words).payload == {"program_ref": chosen}


@pytest.mark.parametrize("words", ["not the saturday one", "anything but Saturday"])
def test_and_lists_what_was_not_turned_down(words: str) -> None:
    intent = understand(PLANS["ski_programs"], words)

    assert str(intent.answer).startswith("Then these are left: Alpine Beginners; First Tracks;")


def test_and_no_level_is_another_one() -> None:
    assert understand(PLANS["swim_classes"], "level 2").name == "unclear"
