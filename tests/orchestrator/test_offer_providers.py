"""Asking which provider it is…"""

from typing import Any

import pytest

from orchestrator.flow import finding, offers
from orchestrator.flow.offers import Wanted, in_order, question
from orchestrator.flow.plan import Plan
from orchestrator.tools.contract import Provider

pytestmark = pytest.mark.once


def club(
    name: str,
    city: str = "",
    state: str = "WI",
    distance_km: float | None = None,
    formerly: tuple[str, ...] = (),
) -> Provider:
    return {
        "name": name,
        "org_ref": f"{name} {city} {state}".replace(" ", "-"),
        "provider": "p",
        "city": city,
        "state": state,
        "distance_km": distance_km,
        "former_names": list(formerly),
    }


EAU_CLAIRE = club("Riverside Swim Club", "Eau Claire")
ROCKFORD = club("Riverside Swim Club", "Rockford", "IL")
BLACKHAWK = club("Blackhawk Ski Club", "Middleton")
TWO_RIVERSIDES = "There are two of that name: in Eau Claire and in Rockford. Which town?"
PRAIRIE = club("Prairie Makers Camp", "Cedar Rapids", "IA", formerly=("Cedar Valley Code Camp",))


def names(found: list[Provider]) -> list[str]:
    return [f"{one['name']} {one['city']}" for one in found]


@pytest.mark.parametrize(
    ("query", "location", "first"),
    [
        ("Riverside Swim Club", "Rockford", ROCKFORD),
        ("riverside swim", "rockford, il", ROCKFORD),
        ("Riverside Swim Club Rockford", "", ROCKFORD),
        ("Riverside Swim Club", "IL", ROCKFORD),
        ("Riverside Swim Club", "Eau Claire", EAU_CLAIRE),
        ("Riverside Swim Club", "Claire", EAU_CLAIRE),  # no town of that name: as the tool had it
        ("Riverside Swim Club", "", EAU_CLAIRE),
    ],
)
def test_begins_with_the_town_that_was_named(query: str, location: str, first: Provider) -> None:
    assert in_order([EAU_CLAIRE, ROCKFORD], Wanted(query, location))[0] is first


def test_goes_by_distance_and_then_by_likeness() -> None:
    near = club("Sunfish Swim", "A", distance_km=3.0)
    far = club("Riverside Swim", "B", distance_km=90.0)
    unknown = club("Riverside Swim Club", "C")
    wanted = Wanted("Riverside Swim Club")
    assert in_order([unknown, far, near], wanted) == [near, far, unknown]
    sunfish = club("Sunfish Swim School")
    assert in_order([sunfish, EAU_CLAIRE], wanted) == [EAU_CLAIRE, sunfish]
    assert in_order([BLACKHAWK, PRAIRIE], Wanted("valley code camp"))[0] is PRAIRIE
    near_town = Wanted("Riverside Swim", "B")
    assert in_order([near, far], near_town) == [far, near], "a town outweighs the way there"


@pytest.mark.parametrize(
    ("offered", "wanted", "sentence"),
    [
        ([BLACKHAWK], Wanted("Blackhawk Ski Club"), "I found Blackhawk Ski Club. Is that the one?"),
        ([BLACKHAWK], Wanted("blackhawk"), "I found Blackhawk Ski Club. Is that the one?"),
        ([BLACKHAWK], Wanted("black hawk"), "I found Blackhawk Ski Club. Is that the one?"),
        ([BLACKHAWK], Wanted("ski lessons", "X"), "I found Blackhawk Ski Club. Is that the one?"),
        ([BLACKHAWK], Wanted("midleton ski"), "I found Blackhawk Ski Club. Is that the one?"),
        ([BLACKHAWK], Wanted("blackhwak ski"), "Did you mean Blackhawk Ski Club in Middleton?"),
        ([club("Blackhawk")], Wanted("blakhawk"), "Did you mean Blackhawk?"),
        ([PRAIRIE], Wanted("Cedar Valley Code Camp"),
         "I found Prairie Makers Camp, formerly Cedar Valley Code Camp. Is that the one?"),
        ([PRAIRIE], Wanted("Prairie Makers"), "I found Prairie Makers Camp. Is that the one?"),
        ([EAU_CLAIRE, ROCKFORD], Wanted("Riverside Swim Club"),
         TWO_RIVERSIDES),
        ([EAU_CLAIRE, ROCKFORD], Wanted("Rivrside Swim Club"),
         f"Did you mean Riverside Swim Club? {TWO_RIVERSIDES}"),
        ([ROCKFORD, EAU_CLAIRE], Wanted("Riverside Swim Club", "Rockford"),
         "I found Riverside Swim Club in Rockford. Is that the one?"),
        ([club("YMCA", "Salem", "OR"), club("YMCA", "Salem", "MA")], Wanted("YMCA"),
         "There are two of that name: in Salem, OR and in Salem, MA. Which town?"),
        ([club("YMCA", "Salem", "OR"), club("YMCA")], Wanted("YMCA"),
         "I found 2 providers. Which one is yours?"),
        ([club("YMCA", "A"), club("Ymca", "B"), club("YMCA", "C")], Wanted("ymca"),
         "There are three of that name: in A, in B and in C. Which town?"),
        ([EAU_CLAIRE, BLACKHAWK], Wanted("club"), "I found 2 providers. Which one is yours?"),
        ([club("Riverside Swim"), club("Riverside Tennis")], Wanted("rivrside"),
         "I found nothing by exactly that name. Did you mean one of these 2?"),
        ([BLACKHAWK], offers.ANYTHING, "I found Blackhawk Ski Club. Is that the one?"),
    ],
)  # fmt: skip
def test_asks_as_a_person_would(offered: list[Provider], wanted: Wanted, sentence: str) -> None:
    assert question(offered, wanted) == sentence


@pytest.mark.parametrize(
    ("kilometres", "state", "words"),
    [
        (12.0, "WI", "7 miles away"), (12.0, "wi", "7 miles away"), (12.0, "ON", "12 km away"),
        (12.0, "", "12 km away"), (12.0, "WIS", "12 km away"), (0.4, "WI", "less than a mile away"),
        (1.7, "WI", "1 mile away"), (0.4, "Bavaria", "0 km away"), (None, "WI", ""),
    ],
)  # fmt: skip
def test_says_distances_as_people_there_do(kilometres: Any, state: str, words: str) -> None:
    assert offers.away(kilometres, in_us=offers.is_in_us(state)) == words


def test_shows_older_names_on_the_card() -> None:
    (shown,) = finding.providers_found(Plan(offered=(PRAIRIE,))).cards
    assert shown["description"] == "Formerly Cedar Valley Code Camp."
