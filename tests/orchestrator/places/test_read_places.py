"""Reading what the map answered…"""

from typing import Any

import pytest

from orchestrator.places.answers import Spot, from_json, seen_from, spots_in, to_json
from orchestrator.places.contract import Place, SearchUnavailableError
from tests.servers.places_server import place

pytestmark = pytest.mark.once

MADISON, ROCKFORD = (43.0731, -89.4012), (42.2711, -89.094)


def read(*places: Any) -> list[Spot]:
    return spots_in({"places": list(places)})


def only(one: Any) -> Place:
    (spot,) = read(one)
    return spot["place"]


def test_leaves_out_what_closed_for_good_and_says_what_is_closed_for_now() -> None:
    found = read(
        place("Gone", status="CLOSED_PERMANENTLY"),
        place("Back soon", status="CLOSED_TEMPORARILY"),
        place("Open"),
        place("Who knows", status="BUSINESS_STATUS_UNSPECIFIED"),
    )
    assert [(spot["place"]["name"], spot["place"].get("is_closed_for_now")) for spot in found] == [
        ("Back soon", True),
        ("Open", False),
        ("Who knows", False),
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("  Nordic\n\tMountain ", "Nordic Mountain"),
        ("Nordic \u202eniatnuoM\u202c", "Nordic niatnuoM"),
        ("Nor\u200bdic\u0000\ufeff \U000e0041", "Nordic"),
        ("École de ski 雪", "École de ski 雪"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),  # pages show it as text
        ("x" * 10_000, "x" * 119 + "…"),
    ],
)
def test_shows_names_in_one_short_line_that_nothing_turns_around(name: str, shown: str) -> None:
    assert only(place(name))["name"] == shown
    address = only(place("A", name))["address"]
    assert address == (shown if len(name) < 200 else "x" * 199 + "…")


@pytest.mark.parametrize("name", ["", " ", "\u202e\u200b"])
def test_leaves_out_what_has_no_name(name: str) -> None:
    assert read(place(name)) == []
    assert read({"businessStatus": "OPERATIONAL"}) == []


@pytest.mark.parametrize(
    "website",
    [
        "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://nordic.example/",
        "https://user:pass@nordic.example/", "https://nordic.example@evil.example/", "//x.example",
        "https://", "https://nordic.example:99999/", "https://nordic.example/a b", "http://[::1",
        "https://nordic.example\\@evil.example/", "https://nordic.example/" + "x" * 10_000, "nordic",
        "http://169.254.169.254/latest", "http://2130706433/", "http://0x7f.1/", "http://[::1]/",
        "http://169。254。169。254/", "http://１２７.0.0.1/", "http://127.0.0.1./", "http://nordic/",
        "http://localhost/", "http://nas.local/", "http://a.localhost/", "http://db.internal./",
        "http://nas.%6cocal/", "http://NAS.LOCAL/",
    ],
)  # fmt: skip
def test_links_to_no_address_that_is_not_sane(website: str) -> None:
    assert only(place("Nordic", website=website))["website"] is None


def test_names_others_whose_data_it_is() -> None:
    named = [{"provider": "Listings & Co", "providerUri": "javascript:alert(1)"}, {"provider": ""}]
    assert only(place("Nordic", attributions=named)).get("credits") == ["Listings & Co"]


@pytest.mark.parametrize(
    "answer",
    [
        None, [], "x", 7, {"places": None}, {"places": {}}, {"places": "x"}, {"places": [None]},
        {"places": [[]]}, {"places": [{}] * 201}, {"places": [place("A", displayName="A")]},
        {"places": [place("A", displayName={"text": 7})]}, {"places": [place("A", formattedAddress=[])]},
        {"places": [place("A", websiteUri=7)]}, {"places": [place("A", businessStatus=True)]},
        {"places": [place("A", location="here")]}, {"places": [place("A", location={"latitude": "1"})]},
        {"places": [place("A", location={"latitude": 91})]},
        {"places": [place("A", location={"longitude": float("inf")})]},
        {"places": [place("A", location={"longitude": float("nan")})]},
        {"places": [place("A", location={"latitude": True})]}, {"places": [place("A", attributions={})]},
        {"places": [place("Fine"), place("A", displayName=None)]},
    ],
)  # fmt: skip
def test_believes_nothing_of_an_answer_of_another_shape(answer: Any) -> None:
    with pytest.raises(SearchUnavailableError) as caught:
        spots_in(answer)
    assert caught.value.reason == "bad_response"
    assert caught.value.__context__ is None


def test_shows_five_at_most() -> None:
    assert len(read(*[place(f"Club {number}") for number in range(20)])) == 5


def test_measures_from_where_the_parent_is_and_puts_the_nearest_first() -> None:
    nowhere = {"displayName": {"text": "Nowhere"}}
    spots = read(place("Far", at=ROCKFORD), nowhere, place("Near", at=MADISON))
    seen = seen_from(spots, {"lat": MADISON[0], "lng": MADISON[1]})
    assert [(one["name"], one["distance_km"]) for one in seen] == [
        ("Near", 0.0),
        ("Far", pytest.approx(92.6, abs=1)),
        ("Nowhere", None),
    ]
    assert [one["distance_km"] for one in seen_from(spots, None)] == [None, None, None]


def test_is_the_same_out_of_a_cache() -> None:
    spots = read(place("A", website="https://a.example"), {"displayName": {"text": "B"}})
    assert from_json(to_json(spots)) == spots
