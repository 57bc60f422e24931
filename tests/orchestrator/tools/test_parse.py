"""Reading a tool's result…"""

import json
from typing import Any

import pytest

from orchestrator.tools.contract import FIELD_TYPES, Tool, parse
from orchestrator.tools.errors import ToolBadResponseError
from orchestrator.tools.mock import catalogue
from orchestrator.tools.mock.tools import MockTools

pytestmark = pytest.mark.once

PROVIDER = {
    "name": "Blackhawk Ski Club",
    "org_ref": "blackhawk-ski",
    "provider": "skiclubpro",
    "city": "Middleton",
    "state": "WI",
}
PROGRAM = {
    "program_ref": "nordic",
    "title": "Nordic Kids",
    "description": "",
    "schedule": "Saturdays",
    "price_cents": 18000,
    "currency": "USD",
}
FIELD = {"name": "child_name", "label": "Child's name", "type": "text", "required": True}
SELECT = FIELD | {"type": "select", "options": [{"value": "s", "label": "Small"}]}
BOOKING = {"status": "confirmed", "confirmation_ref": "R-1"}


def with_one(tool: Tool, item: dict[str, Any]) -> dict[str, Any]:
    """Return a result that holds the one item."""
    key = {Tool.SEARCH_PROVIDER: "providers", Tool.FIND_PROGRAMS: "programs"}.get(tool, "fields")
    return {key: [item]}


def test_fills_in_what_may_be_absent_and_leaves_unknown_keys_behind() -> None:
    assert parse(Tool.SEARCH_PROVIDER, with_one(Tool.SEARCH_PROVIDER, PROVIDER | {"x": 1})) == [
        PROVIDER | {"distance_km": None}
    ]
    assert parse(Tool.FIND_PROGRAMS, with_one(Tool.FIND_PROGRAMS, PROGRAM)) == [
        PROGRAM | {"spots_left": None, "opens_at": None}
    ]
    assert parse(Tool.DISCOVER_FIELDS, with_one(Tool.DISCOVER_FIELDS, FIELD)) == [
        FIELD | {"options": [], "help": "", "role": None}
    ]
    assert parse(Tool.SUBMIT_REGISTRATION, BOOKING) == BOOKING | {"message": None}


def test_takes_prerequisites_as_words_or_with_details() -> None:
    found = parse(
        Tool.CHECK_PREREQUISITES,
        {
            "prerequisites": {
                "club_membership": "required",
                "waiver": {"status": "ok", "label": "Season waiver", "url": "https://a.example/w"},
            }
        },
    )

    assert found == [
        {
            "name": "club_membership",
            "status": "required",
            "label": "Club membership",
            "url": None,
        },
        {
            "name": "waiver",
            "status": "ok",
            "label": "Season waiver",
            "url": "https://a.example/w",
        },
    ]


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_knows_every_type_of_field(kind: str) -> None:
    found: Any = parse(Tool.DISCOVER_FIELDS, {"fields": [SELECT | {"type": kind}]})

    assert [field["type"] for field in found] == [kind]


@pytest.mark.parametrize("tool", list(Tool))
@pytest.mark.parametrize(
    "result", [None, [], "x", 7, {}, {"providers": None}, {"fields": {}}, {"prerequisites": []}]
)
def test_refuses_a_result_of_another_shape(tool: Tool, result: object) -> None:
    with pytest.raises(ToolBadResponseError):
        parse(tool, result)


@pytest.mark.parametrize(
    ("tool", "item", "changes"),
    [
        (Tool.SEARCH_PROVIDER, PROVIDER, change)
        for change in [
            {"name": ""},
            {"name": "  "},
            {"name": "a\0b"},
            {"name": "half \ud800"},
            {"name": "two\nlines"},
            {"name": "x" * 201},
            {"name": ["a list"]},
            {"org_ref": "with space"},
            {"org_ref": ""},
            {"provider": "x" * 65},
            {"provider": "sk/club"},
            {"city": None},
            {"distance_km": "3"},
            {"distance_km": -1},
            {"distance_km": float("nan")},
            {"distance_km": float("inf")},
            {"distance_km": True},
        ]
    ]
    + [
        (Tool.FIND_PROGRAMS, PROGRAM, change)
        for change in [
            {"price_cents": "180"},
            {"price_cents": 180.5},
            {"price_cents": -1},
            {"price_cents": True},
            {"price_cents": 10**12},
            {"currency": "usd"},
            {"currency": "DOLLARS"},
            {"spots_left": "many"},
            {"description": "x" * 2001},
            {"title": {"en": "x"}},
            {"opens_at": 5},
        ]
    ]
    + [
        (Tool.DISCOVER_FIELDS, SELECT, change)
        for change in [
            {"name": "child name"},
            {"name": "x" * 65},
            {"name": "né"},
            {"type": "password"},
            {"type": ["text"]},
            {"required": "yes"},
            {"required": 1},
            {"options": []},
            {"options": None},
            {"options": ["s"]},
            {"options": [{"value": 1, "label": "One"}]},
            {"options": [{"value": "s", "label": "A"}, {"value": "s", "label": "B"}]},
            {"options": [{"value": str(n), "label": "x"} for n in range(201)]},
            {"help": 5},
            {"role": "a role"},
        ]
    ],
)
def test_refuses_a_hostile_item(
    tool: Tool, item: dict[str, Any], changes: dict[str, object]
) -> None:
    parse(tool, with_one(tool, item))

    with pytest.raises(ToolBadResponseError):
        parse(tool, with_one(tool, item | changes))


@pytest.mark.parametrize(
    ("tool", "result"),
    [
        (Tool.SEARCH_PROVIDER, {"providers": [PROVIDER, PROVIDER]}),
        (Tool.FIND_PROGRAMS, {"programs": [PROGRAM, PROGRAM]}),
        (Tool.DISCOVER_FIELDS, {"fields": [FIELD, SELECT]}),
    ],
)
def test_refuses_twins(tool: Tool, result: dict[str, Any]) -> None:
    with pytest.raises(ToolBadResponseError):
        parse(tool, result)


def test_refuses_a_list_without_end() -> None:
    many = [PROVIDER | {"org_ref": str(number)} for number in range(201)]

    assert len(parse(Tool.SEARCH_PROVIDER, {"providers": many[:200]})) == 200
    with pytest.raises(ToolBadResponseError):
        parse(Tool.SEARCH_PROVIDER, {"providers": many})


@pytest.mark.parametrize(
    "value",
    [
        "maybe",
        True,
        None,
        {"status": "fine"},
        {"status": ["ok"]},
        {"label": "no status"},
        {"status": "ok", "label": "x" * 201},
        *(
            {"status": "required", "url": url}
            for url in [
                "javascript:alert(1)",
                "ftp://a.example/",
                "https://",
                "//a.example",
                "https://user@a.example/",
                "https://a.example/ b",
                "https://a.example\\b",
                "http://[::1",
                "http://a.example:port/",
                5,
            ]
        ),
    ],
)
def test_refuses_a_hostile_prerequisite(value: object) -> None:
    with pytest.raises(ToolBadResponseError):
        parse(Tool.CHECK_PREREQUISITES, {"prerequisites": {"membership": value}})


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "pending"},
        {"status": None},
        {"confirmation_ref": ""},
        {"confirmation_ref": 7},
        {"confirmation_ref": "x" * 201},
        {"message": ["hello"]},
    ],
)
def test_refuses_a_booking_that_says_nothing_clear(changes: dict[str, object]) -> None:
    with pytest.raises(ToolBadResponseError) as caught:
        parse(Tool.SUBMIT_REGISTRATION, BOOKING | changes)

    assert caught.value.maybe_sent


def test_shows_nothing_of_what_it_refused() -> None:
    with pytest.raises(ToolBadResponseError) as caught:
        parse(Tool.SUBMIT_REGISTRATION, {"status": "canary"})

    assert "canary" not in f"{caught.value!s}{caught.value!r}"
    assert caught.value.__context__ is None


def test_accepts_the_whole_sample_catalogue_as_plain_json() -> None:
    tools = MockTools()
    for provider in catalogue.load()["providers"]:
        org_ref = provider["org_ref"]
        results = [
            parse(Tool.FIND_PROGRAMS, tools.call(Tool.FIND_PROGRAMS, {"org_ref": org_ref})),
            parse(
                Tool.SEARCH_PROVIDER, tools.call(Tool.SEARCH_PROVIDER, {"query": provider["name"]})
            ),
        ]
        for program in provider["programs"]:
            args = {"org_ref": org_ref, "program_ref": program["program_ref"]}
            results += [
                parse(tool, tools.call(tool, args))
                for tool in (Tool.CHECK_PREREQUISITES, Tool.DISCOVER_FIELDS)
            ]
        assert json.loads(json.dumps(results)) == results
        assert results[0]
        assert results[1]
