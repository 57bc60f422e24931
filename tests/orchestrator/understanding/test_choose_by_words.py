"""Choosing by words…"""

import pytest

from orchestrator.tools.contract import Provider
from orchestrator.understanding.choosing import programs_meant
from orchestrator.understanding.clubs import providers_meant
from tests.orchestrator.understanding.plans import PLANS

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("words", "programs"),
    [
        # by place
        ("the secnd one", ["alpine-beginners"]),
        ("no. 2", ["alpine-beginners"]),
        ("la tercera", ["first-tracks"]),
        ("the first one", ["nordic-kids"]),  # though another one is called First Tracks
        ("first tracks", ["first-tracks"]),
        ("the last one", ["snowboard-camp"]),
        ("the second wednesday class", ["race-team"]),
        ("17", []),
        # by name
        ("alpin beginers", ["alpine-beginners"]),
        ("junior", ["junior-jumping", "race-team"]),
        ("lunch at the lodge", ["snowboard-camp"]),
        ("the ski club is great", []),
        ("qwertz uiop", []),
        # by day and time
        ("satruday", ["nordic-kids"]),
        ("sat morning", ["nordic-kids"]),
        ("el del miércoles", ["alpine-beginners", "race-team"]),
        ("weekends", ["nordic-kids", "first-tracks"]),
        ("5:30 on wednesdays", ["alpine-beginners"]),
        ("the Tuesday one", []),  # a week of camp has a Tuesday, but is no Tuesday class
        # by price, age, level, spots
        ("the $95 one", ["first-tracks"]),
        ("el más barato", ["first-tracks"]),
        ("the most expensive", ["race-team"]),
        ("under 200", ["nordic-kids", "first-tracks"]),
        ("for Emma, she is 7", ["nordic-kids", "alpine-beginners"]),
        ("my four year old", ["first-tracks"]),
        ("para mi hijo de 5 años", ["first-tracks"]),
        ("she's never skied before", ["alpine-beginners"]),
        ("principiantes", ["alpine-beginners"]),
        ("thursday with spots left", ["junior-jumping"]),  # the day is firm, a spot is a wish
        ("a junior one with room left", ["race-team"]),
        # changes of mind
        ("not that one, the Sunday class", ["first-tracks"]),
        ("alpine, no wait, nordic", ["nordic-kids"]),
        ("nordic instead of alpine", ["nordic-kids"]),
        ("junior but not the race team", ["junior-jumping"]),
        ("not nordic", []),
    ],
)
def test_finds_the_program_that_is_meant(words: str, programs: list[str]) -> None:
    meant = programs_meant(words, PLANS["ski_programs"].programs)

    assert [program["program_ref"] for program in meant] == programs


@pytest.mark.parametrize(
    ("words", "programs"),
    [
        ("level one", ["level-1"]),
        ("nivel 3", ["level-3"]),
        ("learn to swim", ["level-1", "level-3"]),
        ("swim, he's 11", ["stroke-clinic"]),  # swimming is what all of them do: the age tells
        ("for my 18 month old", ["parent-and-tot"]),
        ("the baby class", ["parent-and-tot"]),
    ],
)
def test_tells_levels_and_ages_apart(words: str, programs: list[str]) -> None:
    meant = programs_meant(words, PLANS["swim_classes"].programs)

    assert [program["program_ref"] for program in meant] == programs


@pytest.mark.parametrize(
    ("words", "towns"),
    [
        ("madson", ["Madison"]),
        ("middle one", ["Madison"]),
        ("la segunda opción por favor", ["Madison"]),
        ("#3", ["Rockford"]),
        ("RIVERSIDE ROCKFORD", ["Rockford"]),
        ("the illinois one", ["Rockford"]),
        ("el más cercano", ["Madison"]),
        ("whichever is closest to us", ["Madison"]),
        ("not Madison, Rockford", ["Rockford"]),
        ("the one in wisconsin", ["Eau Claire", "Madison"]),
        ("Eau Claire, for Emma, she's 7", ["Eau Claire"]),
        ("the one in Rockford, my sister goes there", ["Rockford"]),
        ("Riverside Swim Club in Chicago", []),  # to be looked for
        ("Camp Whitepine", []),
    ],
)
def test_finds_the_provider_that_is_meant(words: str, towns: list[str]) -> None:
    meant = providers_meant(words, PLANS["three_riversides"].offered)

    assert [provider["city"] for provider in meant] == towns


def test_means_the_second_of_two_by_the_other_one() -> None:
    two = PLANS["three_riversides"].offered[:2]

    assert providers_meant("the other one", two) == [two[1]]
    assert providers_meant("the other one", two[:1]) == []


def test_asks_for_no_distance_where_none_is_known() -> None:
    far: list[Provider] = [
        {**one, "distance_km": None} for one in PLANS["three_riversides"].offered
    ]

    assert providers_meant("the closest one", far) == []
