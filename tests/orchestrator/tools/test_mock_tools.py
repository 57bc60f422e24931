"""The sample tools…"""

from typing import Any

import pytest

from orchestrator.tools.contract import CHOICE_TYPES, FIELD_TYPES, Tool
from orchestrator.tools.errors import ToolMissingError, ToolRefusedError
from orchestrator.tools.mock import catalogue
from orchestrator.tools.mock.tools import MockReads, MockTools

pytestmark = pytest.mark.once

ANSWERS = {"child_name": "Robin", "date_of_birth": "2018-05-04", "emergency_phone": "555 0100"}


def search(**args: Any) -> list[str]:
    """Return the references of the providers found."""
    found = MockTools().call(Tool.SEARCH_PROVIDER, args)["providers"]
    return [provider["org_ref"] for provider in found]


def registration(program_ref: str, org_ref: str = "blackhawk-ski", **changes: Any) -> Any:
    """Return the arguments of a submission."""
    return {
        "org_ref": org_ref,
        "program_ref": program_ref,
        "answers": ANSWERS,
        "credentials": {"email": "pat@example.com", "password": "right"},
        "idempotency_key": "key-1",
    } | changes


@pytest.mark.parametrize(
    "query",
    [
        "Blackhawk Ski Club",
        "blackhawk",
        "BLACKHAWK!",
        "black hawk",
        "blackhwak ski club",
        "ski club in Middleton, WI",
        "I want to sign up my 8-year-old daughter for ski lessons at Blackhawk",
        "Blackhawk’s nordic kids",
    ],
)
def test_find_blackhawk_however_a_parent_types_it(query: str) -> None:
    assert search(query=query) == ["blackhawk-ski"]


@pytest.mark.parametrize(
    "query", ["Nordic Mountain Ski Resort", "Springfield Soccer League", "", "sign me up", "zzz", 7]
)
def test_find_nothing_for_an_unknown_provider(query: object) -> None:
    assert search(query=query) == []


def test_find_by_activity_and_by_town() -> None:
    assert search(query="ski") == ["blackhawk-ski", "northern-pines-ski"]
    assert search(query="swimming in Madison") == ["sunfish-swim"]
    assert search(query="camp", location="Milwaukee") == ["lakeshore-day-camp"]


def test_tell_two_clubs_of_one_name_apart_by_location() -> None:
    both = ["riverside-swim-eau-claire", "riverside-swim-rockford"]

    assert search(query="Riverside Swim Club") == both
    assert search(query="Riverside Swim Club", location="Rockford, IL") == both[1:]
    assert search(query="Riverside Swim Club", location="Wisconsin") == both[:1]
    assert search(query="Riverside Swim Club", location="Paris, France") == both


def test_put_the_nearest_first_when_they_know_where_the_parent_is() -> None:
    in_rockford = {"lat": 42.27, "lng": -89.09}

    found = MockTools().call(
        Tool.SEARCH_PROVIDER, {"query": "Riverside Swim Club", "coords": in_rockford}
    )["providers"]

    assert [provider["city"] for provider in found] == ["Rockford", "Eau Claire"]
    assert found[0]["distance_km"] < 1
    assert found[1]["distance_km"] == pytest.approx(342, abs=3)


def test_show_programs_without_the_strings_behind_them() -> None:
    programs = MockTools().call(Tool.FIND_PROGRAMS, {"org_ref": "blackhawk-ski"})["programs"]

    saturday = programs[0]
    assert (saturday["program_ref"], saturday["price_cents"]) == (
        "blackhawk-saturday-nordic",
        18000,
    )
    assert saturday["schedule"].startswith("Saturdays")
    assert not {"registration", "waitlist", "form", "prerequisites"} & set(saturday)


def test_say_of_every_program_that_is_closed_when_it_opens() -> None:
    programs = [one for club in catalogue.load()["providers"] for one in club["programs"]]

    assert all("opens_at" in one for one in programs if one["registration"] == "closed")
    assert not any("closed" in one["description"] for one in programs)


def test_confirm_a_registration_and_mark_it_as_a_sample() -> None:
    booking = MockTools().call(Tool.SUBMIT_REGISTRATION, registration("blackhawk-saturday-nordic"))

    assert booking["status"] == "confirmed"
    assert booking["confirmation_ref"].startswith("SAMPLE-")


def test_answer_one_key_with_one_booking() -> None:
    def book(key: str) -> str:
        args = registration("blackhawk-saturday-nordic", idempotency_key=key)
        return str(MockTools().call(Tool.SUBMIT_REGISTRATION, args)["confirmation_ref"])

    assert book("key-1") == book("key-1")
    assert book("key-1") != book("key-2")


def test_put_a_child_on_the_waiting_list_where_there_is_one() -> None:
    args = registration("pines-holiday-week", "northern-pines-ski")

    assert MockTools().call(Tool.SUBMIT_REGISTRATION, args)["status"] == "waitlisted"


def test_register_without_a_form() -> None:
    args = registration("blackhawk-family-night", answers={})

    assert MockTools().call(Tool.DISCOVER_FIELDS, args)["fields"] == []
    assert MockTools().call(Tool.SUBMIT_REGISTRATION, args)["status"] == "confirmed"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (registration("blackhawk-thursday-jumping"), "program_full"),
        (registration("blackhawk-dryland"), "registration_closed"),
        (registration("blackhawk-race-team"), "prerequisite_missing"),
        (registration("no-such-program"), "not_found"),
        (registration("blackhawk-saturday-nordic", "no-such-club"), "not_found"),
        (registration("blackhawk-saturday-nordic", answers={}), "invalid_answers"),
        (registration("blackhawk-saturday-nordic", answers=None), "invalid_answers"),
        (
            registration("blackhawk-saturday-nordic", answers=ANSWERS | {"extra": "x"}),
            "invalid_answers",
        ),
        (
            registration("blackhawk-saturday-nordic", answers=ANSWERS | {"date_of_birth": "soon"}),
            "invalid_answers",
        ),
        (
            registration(
                "blackhawk-saturday-nordic",
                credentials={"email": "pat@example.com", "password": "wrong-password"},
            ),
            "login_failed",
        ),
    ],
)
def test_refuse_a_registration_as_a_provider_would(args: dict[str, Any], code: str) -> None:
    with pytest.raises(ToolRefusedError) as caught:
        MockTools().call(Tool.SUBMIT_REGISTRATION, args)

    assert caught.value.code == code
    assert caught.value.is_known


@pytest.mark.parametrize(
    "changes",
    [
        {"skill_level": "expert"},
        {"skill_level": ["beginner"]},
        {"rental_gear": "skis"},
        {"rental_gear": ["rocket"]},
        {"boot_size": "big"},
        {"boot_size": True},
        {"helmet_rule": False},
        {"helmet_rule": "true"},
        {"emergency_phone": "  "},
    ],
)
def test_refuse_an_answer_that_does_not_fit_its_field(changes: dict[str, Any]) -> None:
    good = ANSWERS | {"skill_level": "beginner", "rental_gear": ["skis"], "helmet_rule": True}
    program = "blackhawk-wednesday-alpine"
    MockTools().call(Tool.SUBMIT_REGISTRATION, registration(program, answers=good))

    with pytest.raises(ToolRefusedError, match="invalid_answers"):
        MockTools().call(Tool.SUBMIT_REGISTRATION, registration(program, answers=good | changes))


@pytest.mark.parametrize(
    "tool", [Tool.FIND_PROGRAMS, Tool.CHECK_PREREQUISITES, Tool.DISCOVER_FIELDS]
)
def test_refuse_a_wrong_password_and_read_without_any(tool: Tool) -> None:
    args = {"org_ref": "blackhawk-ski", "program_ref": "blackhawk-saturday-nordic"}
    wrong = {"email": "pat@example.com", "password": "wrong-password"}

    assert MockTools().call(tool, args)
    with pytest.raises(ToolRefusedError, match="login_failed"):
        MockTools().call(tool, args | {"credentials": wrong})


@pytest.mark.parametrize("tool", [Tool.SUBMIT_REGISTRATION, Tool.GET_REGISTRATION])
def test_have_no_way_to_register_when_they_stand_in_for_real_ones(tool: Tool) -> None:
    with pytest.raises(ToolMissingError):
        MockReads().call(tool, registration("blackhawk-saturday-nordic"))


def test_offer_several_providers_and_every_kind_of_question() -> None:
    known = catalogue.load()
    kinds = {field["type"] for form in known["forms"].values() for field in form}
    programs = [program for one in known["providers"] for program in one["programs"]]

    assert len(known["providers"]) >= 6
    assert kinds == set(FIELD_TYPES) >= set(CHOICE_TYPES)
    assert all(3 <= len(provider["programs"]) <= 6 for provider in known["providers"])
    assert len({program["program_ref"] for program in programs}) == len(programs)
    assert {program["form"] for program in programs} == set(known["forms"])
