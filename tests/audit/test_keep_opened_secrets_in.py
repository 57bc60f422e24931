"""Keeping opened secrets out of what is written…"""

import base64
import html
import json
import re
import threading
from urllib.parse import quote, quote_plus

import pytest

from audit import opened

pytestmark = pytest.mark.once

SECRET = 'Nightjar "7319" & Gämse\'s/ü?'


def base64_within(before: str, after: str) -> str:
    return base64.b64encode(f"{before}{SECRET}{after}".encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"password={SECRET}.",
        f"x{SECRET}y",
        f"{SECRET}{SECRET}",
        repr(SECRET),
        ascii(SECRET),
        repr({"password": SECRET, "both": "\"'"}),
        repr(SECRET.encode()),
        json.dumps({"password": SECRET}),
        json.dumps({"password": SECRET}, ensure_ascii=False),
        repr(json.dumps({"password": SECRET})),
        repr(json.dumps({"password": SECRET}, ensure_ascii=False).encode()),
        json.dumps(json.dumps({"password": SECRET})),
        html.escape(SECRET),
        html.escape(repr(SECRET)),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        re.sub("%..", lambda code: code[0].lower(), quote(SECRET, safe="")),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        json.dumps(SECRET).encode().hex(),
        base64_within("", ""),
        base64_within("a", "zz"),
        base64_within("ab", "zz"),
        base64_within("abc", "z"),
        base64.urlsafe_b64encode(f"a{SECRET}".encode()).decode(),
    ],
)
def test_finds_it_however_it_is_spelled(text: str) -> None:
    opened.remember(SECRET)

    scrubbed = opened.scrub(f"before {text} after")

    assert opened.SEALED in scrubbed
    assert "ightjar" not in scrubbed
    assert "7319" not in scrubbed
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")
    assert opened.is_held({"a": ["b", {"c": text}]})
    assert opened.is_held({text: None})


def test_leaves_every_other_text_as_it_is() -> None:
    opened.remember(SECRET)

    text = "[MCP] Calling real tool: scp.search_providers"
    assert opened.scrub(text) == text
    assert not opened.is_held({"tool": "search_provider", "attempts": 1, "degraded": False})


@pytest.mark.parametrize(
    "text",
    [
        "submit_registration",
        "registration-2026",
        "pre-registration",
        "registrations",
        "mcp.registration.example",
        "scp.registration",
        "Registration",
    ],
)
def test_takes_a_word_for_a_secret_only_where_it_stands_alone(text: str) -> None:
    opened.remember("registration")

    assert opened.scrub(f"the {text} of") == f"the {text} of"
    assert not opened.is_held([text])
    assert opened.scrub("it was registration.") == "it was [sealed]."
    assert opened.scrub("password='registration'") == "password='[sealed]'"
    assert opened.is_held(["registration"])


def test_finds_the_code_of_a_word_wherever_it_stands() -> None:
    opened.remember("123456")

    encoded = b'{"password": "123456"}'.hex()
    assert opened.scrub(encoded) == encoded.replace(b"123456".hex(), "[sealed]")


@pytest.mark.parametrize("secret", ["", "a", "x1!", "word", "12345"])
def test_looks_for_nothing_that_stands_in_every_text(secret: str) -> None:
    opened.remember(secret)

    text = f"a word at 12345 with x1! and {secret} in it"
    assert opened.scrub(text) == text
    assert not opened.is_held([text])


def test_takes_out_the_longer_of_two_that_overlap() -> None:
    opened.remember("Gamma7", "Gamma7-Delta8")

    assert opened.scrub("Gamma7-Delta8 and Gamma7") == "[sealed] and [sealed]"


def test_keeps_a_persons_own_words_out_of_the_log_but_lets_them_into_the_ledger() -> None:
    opened.remember_typed("Emma Larsen", "beginner")

    assert opened.scrub("KeyError: 'Emma Larsen'") == "KeyError: '[sealed]'"
    assert opened.scrub("Emma Larsen", typed=False) == "Emma Larsen"
    assert not opened.is_held(["Emma Larsen"])
    assert opened.scrub("beginner") == "beginner"  # a word that says nothing about anybody


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        (SECRET, SECRET),
        ("Nightjar7319", "club-Nightjar7319"),
        ("nightjar", "club of nightjar"),
        ("Nightjar7319", b"Nightjar7319".hex()),
    ],
)
def test_finds_it_in_what_others_call_a_thing(secret: str, name: str) -> None:
    opened.remember(secret)

    assert opened.is_in_name(name)


@pytest.mark.parametrize("name", ["beginner", "beginner-2026", "skiclubpro", "12345678"])
def test_lets_a_thing_be_called_by_a_word_that_is_somebodys_password(name: str) -> None:
    opened.remember("beginner", "skiclubpro", "12345678")

    assert not opened.is_in_name(name)


def test_forgets_with_the_request_and_finds_the_outer_ones_again() -> None:
    opened.remember("Outer-1!")
    with opened.forgetting():
        opened.remember("Inner-2!")
        assert opened.scrub("Outer-1! Inner-2!") == "Outer-1! [sealed]"

    assert opened.scrub("Outer-1! Inner-2!") == "[sealed] Inner-2!"


def test_knows_nothing_of_other_requests() -> None:
    opened.remember(SECRET)
    heard: list[str] = []

    thread = threading.Thread(target=lambda: heard.append(opened.scrub(SECRET)))
    thread.start()
    thread.join()

    assert heard == [SECRET]
