"""Repeating a tool's arguments in headers…"""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.tools.mcp.headers import InvalidAnnotationError, annotations, encode, mirrored

pytestmark = pytest.mark.once


def described(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def asks(name: object, kind: object = "string") -> dict[str, Any]:
    return {"type": kind, "x-mcp-header": name}


@pytest.mark.parametrize("value", ["us-west1", "us west 1", "", "=?base64?", "~!%"])
def test_leaves_plain_text_alone(value: str) -> None:
    assert encode(value) == value


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        ("two\r\nlines", "=?base64?dHdvDQpsaW5lcw==?="),
        ("\ttab", "=?base64?CXRhYg==?="),
        ("世界", "=?base64?5LiW55WM?="),
        ("=?base64?eA==?=", "=?base64?PT9iYXNlNjQ/ZUE9PT89?="),
    ],
)
def test_wraps_what_a_header_cannot_carry(value: str, sent: str) -> None:
    assert encode(value) == sent


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_never_breaks_a_header_and_always_comes_back(value: str) -> None:
    sent = encode(value)

    assert sent.isascii()
    assert sent.isprintable()
    assert sent == sent.strip()
    if sent.startswith("=?base64?") and sent.endswith("?="):
        sent = base64.b64decode(sent[9:-2]).decode()
    assert sent == value


def test_repeats_what_the_schema_asks_for() -> None:
    schema = described(
        region=asks("Region"),
        size=asks("Size", "integer"),
        loud=asks("Loud", "boolean"),
        absent=asks("Absent"),
        nothing=asks("Nothing"),
        quiet={"type": "string"},
        inside=described(deep=asks("Deep")),
    )
    arguments = {
        "region": "ü",
        "size": 42,
        "loud": False,
        "nothing": None,
        "quiet": "x",
        "inside": {"deep": "d"},
    }

    assert mirrored(schema, arguments) == {
        "Mcp-Param-Region": "=?base64?w7w=?=",
        "Mcp-Param-Size": "42",
        "Mcp-Param-Loud": "false",
        "Mcp-Param-Deep": "d",
    }


@pytest.mark.parametrize("arguments", [{"region": ["a"]}, {"region": {"a": 1}}, {"inside": "x"}])
def test_leaves_out_what_has_no_place_in_a_header(arguments: dict[str, Any]) -> None:
    schema = described(region=asks("Region"), inside=described(deep=asks("Deep")))

    assert mirrored(schema, arguments) == {}


@pytest.mark.parametrize(
    "schema",
    [
        *(described(a=asks(name)) for name in ("", "My Region", "a:b", "Région", "a\tb", 1, None)),
        *(described(a=asks("A", kind)) for kind in ("number", "object", "null", ["string"], None)),
        described(a=asks("Region"), b=asks("region")),
        asks("Root"),
        described(a={"type": "array", "items": asks("Item")}),
        {"anyOf": [described(a=asks("A"))]},
        {"$defs": {"x": asks("A")}},
        {"patternProperties": {".*": asks("A")}},
    ],
)
def test_is_refused_where_there_can_be_no_such_header(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidAnnotationError):
        annotations(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        None,
        {"properties": "none"},
        {"default": asks("A"), "const": asks("A"), "enum": [asks("A")]},
        described(a={"$ref": "http://127.0.0.1:1/never-fetched"}),
    ],
)
def test_is_not_asked_for_by_data_or_references(schema: object) -> None:
    assert annotations(schema) == {}
