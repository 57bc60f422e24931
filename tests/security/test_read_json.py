"""Reading the JSON of a body…"""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from signupassist import parsers
from signupassist.parsers import UnacceptableError, read
from tests.security.family import logged_in

pytestmark = pytest.mark.once

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


def nested(depth: int, inside: str = "1") -> bytes:
    return ("[" * depth + inside + "]" * depth).encode()


def keys(count: int) -> bytes:
    return json.dumps({f"key {number}": number for number in range(count)}).encode()


@given(VALUES)
def test_takes_whatever_is_harmless(value: Any) -> None:
    assert read(json.dumps(value).encode()) == value
    assert read(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=60) | st.text('[]{}",:0eE+-.\\u d8\0', max_size=40).map(str.encode))
def test_takes_no_more_than_others_would(body: bytes) -> None:
    with suppress(UnacceptableError):
        assert read(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        nested(parsers.MAX_DEPTH),
        nested(parsers.MAX_DEPTH - 1, "{}"),
        keys(parsers.MOST_KEYS),
        json.dumps({"k" * parsers.LONGEST_KEY: 1}).encode(),
        json.dumps([0] * (parsers.MOST_VALUES - 1)).encode(),
        b"9223372036854775807",
        b"-9223372036854775808",
        b"1e308",
        b'"\\ud83d\\ude00"',
    ],
    ids=range(9),
)
def test_takes_what_is_just_within_the_limits(body: bytes) -> None:
    assert read(body) == json.loads(body)


REFUSED = {
    "too deep": (nested(parsers.MAX_DEPTH + 1), "It is nested more than 32 deep."),
    "an empty list too deep": (nested(parsers.MAX_DEPTH, "{}"), "It is nested more than 32 deep."),
    "deep enough for a crash": (nested(100_000), "It is nested more than 32 deep."),
    "never closed": (b"[" * 100_000, "It is nested more than 32 deep."),
    "objects too deep": (b'{"a":' * 40 + b"1" + b"}" * 40, "It is nested more than 32 deep."),
    "too many keys": (keys(parsers.MOST_KEYS + 1), "An object has more than 200 keys."),
    "too many keys, all the same": (
        b"{" + b",".join([b'"a":1'] * 300) + b"}",
        "An object has more than 200 keys.",
    ),
    "too many values": (json.dumps([0] * 10_000).encode(), "There are more than 10000 values."),
    "too many values below": (
        json.dumps([[0] * 100] * 100).encode(),
        "There are more than 10000 values.",
    ),
    "a long key": (json.dumps({"k" * 201: 1}).encode(), "A key is longer than 200 characters."),
    "a key twice": (b'{"a": 1, "a": 2}', "A key stands twice in the same object."),
    "a key twice, once escaped": (
        b'{"a": 1, "\\u0061": 2}',
        "A key stands twice in the same object.",
    ),
    "a key twice, inside": (b'{"x": {"a": 1, "a": 1}}', "A key stands twice in the same object."),
    "NUL in a value": (b'{"a": "x\\u0000y"}', "There is a NUL character."),
    "NUL in a key": (b'{"x\\u0000": 1}', "There is a NUL character."),
    "NUL far in": (b'{"a": [[{"b": ["\\u0000"]}]]}', "There is a NUL character."),
    "a lone surrogate": (b'"\\ud83d"', "There is half of a surrogate pair."),
    "a lone surrogate in a key": (b'{"\\udc00": 1}', "There is half of a surrogate pair."),
    "surrogates the wrong way round": (b'"\\udc00\\ud83d"', "There is half of a surrogate pair."),
    "a large number": (b"9223372036854775808", "A number is too large."),
    "a small number": (b"-9223372036854775809", "A number is too large."),
    "a huge number": (b"1" * 5_000, "A number is too large."),
    "infinity in figures": (b"[1e999]", "A number is too large."),
    "NaN": (b"NaN", "NaN is not JSON."),
    "Infinity": (b'{"a": -Infinity}', "-Infinity is not JSON."),
    "nothing": (b" ", "This is no JSON in UTF-8."),
    "cut off": (b'{"a": ', "This is no JSON in UTF-8."),
    "a comma too many": (b"[1,]", "This is no JSON in UTF-8."),
    "two values": (b"{} {}", "This is no JSON in UTF-8."),
    "a comment": (b"{} // really", "This is no JSON in UTF-8."),
    "a byte order mark": (b"\xef\xbb\xbf{}", "This is no JSON in UTF-8."),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "This is no JSON in UTF-8."),
    "Latin-1": ('{"a": "é"}'.encode("latin-1"), "This is no JSON in UTF-8."),
    "a raw NUL": (b'{"a": "\0"}', "This is no JSON in UTF-8."),
    "a surrogate in UTF-8": (b'"\xed\xa0\x80"', "This is no JSON in UTF-8."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_and_says_why(name: str) -> None:
    body, sentence = REFUSED[name]

    with pytest.raises(UnacceptableError) as refused:
        read(body)

    assert str(refused.value) == sentence


def test_ends_in_a_problem_that_says_why(parent: User) -> None:
    browser = logged_in(parent)
    for name, (body, sentence) in REFUSED.items():
        answer = browser.post("/api/v1/credentials", body, content_type="application/json")

        said = answer.json()
        assert (answer.status_code, said["code"]) == (400, "invalid_request"), name
        assert said["errors"] == {"body": [sentence]}, name
