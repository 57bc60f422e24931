"""To seal where something is not what was recorded…"""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from audit import exporting
from tests.audit.conftest import MakeRow
from tests.audit.sealed import MINUTE, seal, the_log_is_whole
from tests.ledger_flush import lift_guards


def test_leaves_out_what_is_not_what_was_recorded_and_says_so_once_an_hour(
    make_row: MakeRow, noon: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    changed, gone, *_ = [make_row() for _ in range(4)]
    lift_guards(connection)
    with connection.cursor() as cursor:
        # whoever can do that can take the guards away
        cursor.execute("UPDATE mandate_audit SET actor = 'x' WHERE id = %s", [_key(changed.pk)])
        cursor.execute("DELETE FROM mandate_audit WHERE id = %s", [_key(gone.pk)])

    with caplog.at_level(logging.ERROR, "audit.waiting"):
        made = [seal(noon + step * MINUTE, batch=3) for step in range(3)]
        assert [one and one.events for one in made] == [1, 1, None] or made[1] is None
        seal(noon + 30 * MINUTE)

    assert sum(one.events for one in made if one) == 2
    assert len(caplog.records) in (1, 2)  # whether both were met at once
    assert "gone or not what was recorded" in caplog.text
    the_log_is_whole()
    caplog.clear()
    with caplog.at_level(logging.ERROR, "audit.waiting"):
        seal(noon + 65 * MINUTE)
    assert "2 records are gone" in caplog.text
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mandate_audit SET actor = %s WHERE id = %s", [changed.actor, _key(changed.pk)]
        )
    restored = seal(noon + 130 * MINUTE)

    assert restored
    assert (restored.events, restored.left_out) == (1, 1)
    the_log_is_whole()


POISON = {
    "a list in a list in a list": f'{{"a": {"[" * 900}{"]" * 900}}}',
    "deeper than can be read": f'{{"a": {"[" * 3_000}{"]" * 3_000}}}',
    "a number without end": f'{{"a": {"9" * 5_000}}}',
    "a fraction": '{"a": 1.5}',
    "no object": '"x"',
    "more than fits": f'{{"a": "{"x" * 200_000}"}}',
    "bytes that are no text": b'{"a": "\xff"}',
}


def poison(at: datetime, metadata: str | bytes, event_id: UUID | str | bytes) -> None:
    """Add what no code of ours would, with one INSERT."""
    said: dict[str, Any] = {
        "id": event_id,
        "actor": "system",
        "action": "session_created",
        "schema_v": 1,
    }
    said |= {"metadata": metadata, "created_at": at, "content_hash": "x"}
    with connection.cursor() as cursor:
        places = ", ".join(
            "CAST(%s AS TEXT)" if isinstance(value, bytes) else "%s" for value in said.values()
        )
        cursor.execute(
            f"INSERT INTO mandate_audit ({', '.join(said)}) VALUES ({places})",  # noqa: S608
            list(said.values()),
        )


@pytest.mark.parametrize("metadata", POISON.values(), ids=POISON)
def test_leaves_out_what_cannot_even_be_read(
    make_row: MakeRow, noon: datetime, metadata: str | bytes
) -> None:
    if connection.vendor == "sqlite" and metadata == POISON["deeper than can be read"]:
        pytest.skip("SQLite does not take it for JSON")
    if connection.vendor == "postgresql" and isinstance(metadata, bytes):
        pytest.skip("PostgreSQL takes nothing but texts")
    poison(noon, metadata, _key(uuid4()))
    make_row()

    made = seal(noon)

    assert made
    assert (made.events, made.left_out) == (1, 1)
    for kind in ("jsonl", "csv"):
        wanted = exporting.Wanted(None, kind)
        lines = b"".join(exporting.export(wanted, actor="system", at=noon)).splitlines()
        assert (b'"unsealed":1' in lines[-1]) if kind == "jsonl" else len(lines) >= 3


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL takes nothing but ids")
@pytest.mark.parametrize("event_id", ["nonsense", "", "A" * 32, UUID(int=10).hex.upper(), b"\xff"])
def test_leaves_out_what_has_no_id(
    make_row: MakeRow, noon: datetime, event_id: str | bytes
) -> None:
    poison(noon, "{}", event_id)
    make_row()

    made = seal(noon)

    assert made
    assert (made.events, made.left_out) == (1, 1)
    wanted = exporting.Wanted(None, "jsonl")
    assert b"".join(exporting.export(wanted, actor="system", at=noon)).endswith(b'"unsealed":1}\n')


def _key(value: UUID) -> str:
    return str(value) if connection.vendor == "postgresql" else value.hex
