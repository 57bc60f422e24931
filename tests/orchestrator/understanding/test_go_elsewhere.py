"""Going elsewhere by words…"""

import pytest

from orchestrator.understanding.parser import understand
from tests.orchestrator.understanding.plans import PLANS

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("plan", "words", "query", "location"),
    [
        ("login", "actually I want the swim school in madison instead", "swim school", "madison"),
        ("login", "wrong club, I want the camp in minocqua", "camp", "minocqua"),
        ("login", "wrong club, we want sunfish", "sunfish", None),
        ("login", "no, the one in Duluth", "Blackhawk Ski Club", "Duluth"),
        ("ski_programs", "actually the swim school in madison", "swim school", "madison"),
    ],
)
def test_looks_for_what_is_named(plan: str, words: str, query: str, location: str | None) -> None:
    intent = understand(PLANS[plan], words)

    assert intent.name == "change_provider"
    assert intent.payload == {"query": query, "location": location}


@pytest.mark.parametrize(
    "words", ["another club", "wrong school sorry", "not blackhawk", "go back", "otro club"]
)
def test_asks_what_to_look_for_where_nothing_is_named(words: str) -> None:
    intent = understand(PLANS["login"], words)

    assert (intent.name, intent.payload) == ("change_provider", {})


@pytest.mark.parametrize("plan", ["login", "ski_programs", "all_in_place", "form", "confirmation"])
@pytest.mark.parametrize(
    "words",
    [
        "her school is Randall School instead",
        "can we change her school to Lincoln School in Madison?",
        "my daughter Emma Olson goes to Randall School instead",
        "he is at Emerson Preschool instead",
    ],
)
def test_looks_for_no_school_of_the_child(plan: str, words: str) -> None:
    assert not understand(PLANS[plan], words).payload


@pytest.mark.parametrize("plan", ["all_in_place", "form", "confirmation"])
@pytest.mark.parametrize(
    "words",
    [
        "Riverside Swim Club instead",
        "what about the ski club jacket in blue?",
        "the emergency contact is at the school in Verona instead",
    ],
)
def test_asks_what_to_look_for_where_there_is_much_to_lose(plan: str, words: str) -> None:
    assert not understand(PLANS[plan], words).payload


@pytest.mark.parametrize("words", ["the ski club in middleton", "how about the club in Middleton?"])
def test_stays_where_the_chosen_club_is_named(words: str) -> None:
    assert understand(PLANS["login"], words).name == "unclear"


@pytest.mark.parametrize(
    ("plan", "words", "program"),
    [
        ("all_in_place", "go back to alpine", "alpine-beginners"),
        ("form", "back to alpine beginners", "alpine-beginners"),
        ("confirmation", "can we go back to the jumping class?", "junior-jumping"),
        ("one_missing", "take me back to nordic", "nordic-kids"),
    ],
)
def test_goes_back_to_the_program_that_is_named(plan: str, words: str, program: str) -> None:
    intent = understand(PLANS[plan], words)

    assert (intent.name, intent.payload) == ("change_program", {"program_ref": program})


@pytest.mark.parametrize("words", ["go back to junior", "go back to nordic", "go back"])
def test_shows_the_programs_where_no_other_one_is_named(words: str) -> None:
    intent = understand(PLANS["all_in_place"], words)

    assert (intent.name, intent.payload) == ("change_program", {})
