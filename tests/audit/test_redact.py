"""Redacting metadata…"""

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.redaction import REDACTED, is_personal, redact, redact_name

pytestmark = pytest.mark.once

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123"
SLUG = st.from_regex(r"[a-z]{1,12}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "newPassword",
        "old_password",
        "passwd",
        "pwd",
        "passphrase",
        "pin",
        "otp",
        "secret",
        "client_secret",
        "token",
        "accessToken",
        "refresh_token",
        "authorization",
        "auth",
        "cookie",
        "Cookies",
        "session_key",
        "ciphertext",
        "api_key",
        "apiKey",
        "APIKEY",
        "private_key",
        "credentials",
        "card_number",
        "cvv",
        "ssn",
        "answers",
        "answer",
        "form_answers",
        "message",
        "message_text",
        "text",
        "body",
        "query",
        "prompt",
        "email",
        "e_mail",
        "phone",
        "phone_number",
        "mobile",
        "address",
        "dob",
        "birth_date",
        "dateOfBirth",
        "birthday",
        "child_name",
        "firstName",
        "last_name",
    ],
)
@pytest.mark.parametrize("value", ["canary", 1234, ["canary"], {"inner": "canary"}])
def test_removes_whatever_stands_under_a_telling_key(key: str, value: Any) -> None:
    assert redact({key: value}) == {key: REDACTED}
    assert redact({"outer": [{key: value}]}) == {"outer": [{key: REDACTED}]}


@pytest.mark.parametrize(
    "value",
    [
        "pat@example.com",
        "Pat Parent <pat.parent+ski@mail.example.co.uk>",
        "pat%40example.com",
        "pat＠example．com",
        "+1 608-555-1234",
        "+16085551234",
        "(608) 555-1234",
        "608.555.1234",
        "6085551234",
        "1-608-555-1234",
        "call 608 555 1234 today",
        "６０８ ５５５ １２３４",
        "+44 20 7946 0958",
        "020 7946 0958",
        "+49 (30) 901820",
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "card 5500 0000 0000 0004 12/29",
        "378282246310005",
        "2015-03-02",
        "born 03/02/2015",
        "2.3.2015",
        "March 2, 2015",
        "2nd Mar 2015",
        "123-45-6789",
        "0612345678",
        "01701234567",
        "07700900123",
        "06 12 34 56 78",
        "0170 12 34 567",
        "01234 567890",
        "٠١٧٠١٢٣٤٥٦٧",
        "4111.1111.1111.1111",
        "4111_1111_1111_1111",
        "4111/1111/1111/1111",
        "Oma 03.02.15",
        "2/3/15",
        "born 20150203",
        "3. Dezember 2015",
        "3. März 2015",
        "1er février 2015",
        "3 de febrero de 2015",
        "kim @ example.com",
        "kim (at) example.com",
        "kim&#64;example.com",
        "Kennwort: hunter2",
        "password hunter2",
        "Passwort ist hunter2",
        JWT,
        f"Bearer {JWT}",
        "bearer abcdef123456",
        "Authorization: Basic cGF0OmNhbmFyeQ==",
        "Basic cGF0OmNhbmFyeQ==",
        "password=hunter2",
        '{"password": "hunter2"}',
        "secret: hush",
        "https://pat:canary@host/path",
        "sk-proj-abcdefghijklmnopqrst",
        "ghp_abcdefghijklmnopqrstuvwxyz",
        "sa1.0123456789abcdef.c2VhbGVk",
        "$argon2id$v=19$m=65536",
        "-----BEGIN PRIVATE KEY-----",
        "0d4c6a4e-8f0b-4f0e-9a57-3f6f3d7a9b11 pat@example.com",
    ],
)
def test_removes_a_telling_value_under_any_key(value: str) -> None:
    assert redact({"note": value, "list": [value], "deep": {"a": {"b": value}}}) == {
        "note": REDACTED,
        "list": [REDACTED],
        "deep": {"a": {"b": REDACTED}},
    }


@pytest.mark.parametrize("value", [4111111111111111, 6085551234, 16085551234])
def test_removes_card_and_phone_numbers_written_as_numbers(value: int) -> None:
    assert redact({"number": value}) == {"number": REDACTED}


@pytest.mark.parametrize(
    "metadata",
    [
        {"step": "login", "intent": "select_provider", "purpose": "find_programs"},
        {"tool": "scp.search_providers", "source": "mcp", "attempts": 3, "elapsed_ms": 1234},
        {"error_code": "mcp_timeout", "fallback_reason": "circuit_open"},
        {"argument_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        {"seal_fp": "0123456789abcdef0123456789abcdef", "key_id": "0123456789abcdef"},
        {"answers_digest": "9f86d081884c7d659a2feaa0c55ad015"},
        {"answers_count": 7, "token_count": 812, "message_length": 2000, "tokens_used": 5},
        {"accessed_at": "2026-07-14T12:00:00.000007Z", "credential_alias": "Grandma's ski club"},
        {"accessed_at": "2026-07-14T12:00:00+02:00", "other": "2026-07-14 12:00:00Z"},
        {"run_id": "12345678-1234-4234-8234-123456789012", "deleted": 250},
        {"by_status": {"open": 1000000, "completed": 0}, "dry": True, "none": None},
        {"amount": "1,234.56", "price_cents": 12000, "currency": "USD", "ratio": "99.5%"},
        {"epoch": 1784030400, "epoch_millis": 1784030400000, "size": 2345},
        {"org_ref": "madison-608-555-1234", "program_ref": "2026-07-14", "provider": "20260714"},
        {
            "confirmation_ref": "4111111111111112",
            "sessionId": "12345678-1234-4234-8234-123456789012",
        },
        {"request_id": "6085551234", "protocol_version": "2025-11-25"},
        {"title": "Basic snowboarding, ages 7-10, 9:00-10:30", "reason": "token expired"},
        {"season": "2026-27", "ip": "192.168.10.12", "other": "192.16.10.12", "version": "5.2.19"},
        {"credential_alias": "Studio 54", "note": "U12 2026", "server": "SkiClubPro 1.10.12"},
        {"note": "ages 7-10-12, 24/7, meet @ 9.30", "why": "the password was wrong in 2026"},
        {"note": "lane 4 of 12, bib 0123, room 0.12, 08:30-09:15"},
        {"org_ref": "week-1-2026", "program_ref": "camp-2026-07-13"},
    ],
)
def test_leaves_what_the_ledger_is_for(metadata: dict[str, Any]) -> None:
    assert redact(metadata) == metadata


@given(st.uuids(), st.binary(min_size=16, max_size=64))
def test_leaves_every_uuid_and_digest(some: uuid.UUID, digest: bytes) -> None:
    metadata = {"a": str(some), "b": digest.hex(), "c": [some.hex, str(some).upper()]}

    assert redact(metadata) == metadata


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-12, 14))
def test_leaves_every_moment(at: datetime, hours: int) -> None:
    sign = "-" if hours < 0 else "+"
    metadata = {
        "z": at.isoformat().replace("+00:00", "Z"),
        "offset": f"{at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f"{sign}{abs(hours):02}:30",
    }

    assert redact(metadata) == metadata


@given(SLUG, st.integers(-(10**9) + 1, 10**9 - 1), st.booleans())
def test_leaves_every_org_ref_and_counter(slug: str, count: int, yes: bool) -> None:
    metadata = {"org_ref": slug, "program_ref": slug, "count": count, "cents": count, "yes": yes}

    assert redact(metadata) == metadata


@given(st.text(max_size=20), st.text(max_size=20))
def test_finds_a_canary_in_any_surroundings(before: str, after: str) -> None:
    metadata = {
        "note": f"{before} canary@example.com {after}",
        "password": f"{before}canary{after}",
    }

    assert "canary" not in json.dumps(redact(metadata))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_takes_any_value(value: Any) -> None:
    redact({"anything": value})


def test_reads_long_hostile_texts_in_no_time() -> None:
    began = time.process_time()

    for text in ("1 " * 4_000, "a@" * 4_000, "a." * 4_000, "+1" * 4_000, "x@" + "a." * 4_000,
                 "0 1" * 3_000, "password " * 900, "x @ " * 2_000, "3 de " * 1_500):  # fmt: skip
        redact({"note": text})

    assert time.process_time() - began < 2


def test_does_not_touch_what_it_was_given() -> None:
    metadata = {"password": "canary", "list": ["pat@example.com"]}

    redact(metadata)

    assert metadata == {"password": "canary", "list": ["pat@example.com"]}


def test_keeps_the_names_of_things_unless_they_hold_a_secret() -> None:
    assert redact_name(None) is None
    assert redact_name("club-608-555-1234") == "club-608-555-1234"
    assert redact_name("pat@example.com") == REDACTED


@pytest.mark.parametrize(
    "name",
    [
        "blackhawk-ski",
        "week-1-2026",
        "camp-2026-07-13",
        "2026-07-13",  # a provider's own day camp
        "20260713",
        "2026-27",
        "608555123412",
        "0612345678",
        "4111111111111112",
        "club-4111111111111111",
        "12345678-1234-4234-8234-123456789012",
        "9f86d081884c7d659a2feaa0c55ad015",
        "ChIJN1t_tDeuEmsRUsoyG83frY4",
        "12-34-56-78-90",
    ],
)
def test_keeps_what_a_thing_is_found_by(name: str) -> None:
    assert redact_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["4111111111111111", "4111-1111-1111-1111", "٤١١١١١١١١١١١١١١١", "+16085551234", "608-555-1234",
     "06 12 34 56 78"],
)  # fmt: skip
def test_takes_out_a_name_that_is_a_card_or_a_phone_number(name: str) -> None:
    assert redact_name(name) == REDACTED
    assert is_personal(name)


def test_tells_doors_which_names_to_refuse() -> None:
    for name in ("2015-02-03", "20150203", "3/2/15", "0612345678", "6085551234"):
        assert is_personal(name)
    for name in ("", "blackhawk-ski", "camp-2026-07-13", "week-20260713-a", "a" * 32, "12345678"):
        assert not is_personal(name)
    assert not is_personal("12345678-1234-4234-8234-123456789012")
    assert not is_personal("20260713-1234-4234-8234-123456789012")
