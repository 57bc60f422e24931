"""What the map is asked…"""

from typing import Any

import pytest

from audit import opened
from orchestrator.places.question import Question

pytestmark = pytest.mark.once

SECRET = "a key of the process"


def text(query: str, location: str | None = None) -> str | None:
    question = Question.of({"query": query, "location": location})
    return question.text if question else None


@pytest.mark.parametrize(
    ("query", "location", "asked"),
    [
        ("Nordic Mountain", None, "Nordic Mountain"),
        ("Nordic Mountain", "Wild Rose, WI", "Nordic Mountain in Wild Rose, WI"),
        ("  Nordic\u00a0 Mountain\n", " ", "Nordic Mountain"),
        ("Center for Young Artists", None, "Center for Young Artists"),
        ("9 to 5 kids club", None, "9 to 5 kids club"),
        ("Swim for Kids", None, "Swim for Kids"),
        ("judo for 7 year olds", None, "judo for 7 year olds"),
        ("Studio 54 Dance", "Verona", "Studio 54 Dance in Verona"),
        ("École 雪", None, "École 雪"),
    ],
)
def test_is_what_the_parent_looks_for(query: str, location: str | None, asked: str) -> None:
    assert text(query, location) == asked


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("swim school pat@family.example", None),
        ("pat%40family.example swim", None),
        ("swim school 608-555-0177", None),
        ("call +1 (608) 555 0177 swim", None),
        ("swim 6085550177", None),
        ("camp for Emma, she is 7", "camp"),
        ("camp for Emma Larsen, born 2018-05-31", None),
        ("camp for my daughter Emma", "camp"),
        ("camp, he’s 9 and likes boats", "camp"),
        ("camp born May 31, 2018", None),
        ("judo for Max", "judo"),
        ("judo for Max Mustermann in Verona", "judo in Verona"),
        ("karate in Verona and has asthma", "karate in Verona"),
        ("karate, my daughter Emma loves it", "karate"),
        ("karate for my daughter Emma in Verona, she is 7 and has asthma", "karate"),
        ("karate, we live at 12 Oak Street", None),
        ("the password is sunshine", None),
        ("p\u0430ssword is sunshine", None),
        ("camp May 31, 2018", None),
        ("password: hunter2 camp", None),
        ("https://evil.example/x camp", "camp"),
        ("AIzaSyA-1234567890abcdefghij", None),
        ("pat@family.example", None),
        ("", None),
        (" .,! ", None),
    ],
)
def test_is_nothing_about_the_family(query: str, asked: str | None) -> None:
    assert text(query) == asked


def test_is_nothing_about_the_family_in_the_place_either() -> None:
    assert text("camp", "Madison 608-555-0177") is None
    assert text("camp", "Madison May 31, 2018") is None


def test_is_nothing_where_the_message_told_more_than_the_search_does() -> None:
    assert Question.of({"query": "camp", "location": None, "is_private": True}) is None


def test_holds_no_secret_that_lies_open() -> None:
    opened.remember("Nightjar 7319!")
    assert text("camp Nightjar 7319!") is None
    assert text("camp") == "camp"


@pytest.mark.parametrize(
    ("coords", "near"),
    [
        ({"lat": 43.0731, "lng": -89.4012}, (43.1, -89.4)),
        ({"lat": 43.1499, "lng": -89.3501}, (43.1, -89.4)),
        ({"lat": -0.01, "lng": 179.99}, (0.0, 180.0)),
        (None, None),
    ],
)
def test_comes_from_a_region_and_not_from_a_home(coords: Any, near: Any) -> None:
    question = Question.of({"query": "ski", "coords": coords})
    assert question is not None
    assert question.near == near
    assert ("locationBias" in question.body()) is (coords is not None)


def test_is_the_same_for_whoever_asks_the_same() -> None:
    def digest(purpose: str = "cache", secret: str = SECRET, **search: Any) -> str:
        question = Question.of({"query": "Ski Club", **search})
        assert question is not None
        return question.digest(purpose, secret=secret)

    here = {"lat": 43.07, "lng": -89.40}
    assert digest(coords=here) == digest(coords={"lat": 43.12, "lng": -89.44})
    assert digest() == digest(query="  ski   CLUB ")
    others = {
        digest(), digest(coords=here), digest(query="Ski"), digest(location="Ripon"),
        digest("arguments"), digest(secret="another"),
    }  # fmt: skip
    assert len(others) == 6
