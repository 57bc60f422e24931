"""Expired sessions with their turns, so many as one likes, and when they are due."""

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from tqdm import tqdm

STATE_BYTES, BODY_BYTES, TURNS = 1_500, 600, 2
NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
SESSION_COLUMNS = (
    "id, user_id, provider_id, step, status, state, version, created_at, updated_at, expires_at"
)
TURN_COLUMNS = "session_id, seq, token, intent, outcome, body, created_at"


def fill(rows: int) -> dict[str, int]:
    """Make the tables, and expired sessions with their turns in the order of time."""
    from django.core.management import call_command
    from django.db import connection, transaction

    from accounts.models import User
    from sessions_store.ids import time_ordered
    from sessions_store.status import Status

    call_command("migrate", verbosity=0, interactive=False)
    people = [User(email=f"{number}@example.com") for number in range(min(rows, 1_000))]
    User.objects.bulk_create(people)
    statuses = [Status.OPEN, Status.COMPLETED, Status.CANCELLED]
    first, step = NOW - timedelta(days=3), timedelta(days=1) / rows
    noise = base64.b64encode(os.urandom(100_000)).decode()

    def text(size: int, number: int) -> str:
        start = number * 37 % (len(noise) - size)
        return noise[start : start + size]

    ids = [(first + number * step, time_ordered(first + number * step)) for number in range(rows)]
    with transaction.atomic():
        _insert(
            "agentic_checkout_sessions",
            SESSION_COLUMNS,
            (
                (
                    pk, people[number % len(people)].pk, "skiclubpro", "form_fill",
                    statuses[number % 3], json.dumps({"plan": text(STATE_BYTES, number)}), 3,
                    at, at, at + timedelta(hours=24),
                )
                for number, (at, pk) in enumerate(tqdm(ids, unit="session", disable=None))
            ),
        )  # fmt: skip
        _insert(
            "session_turns",
            TURN_COLUMNS,
            (
                (pk, seq, time_ordered(at), "start", "done", f"sa1.{text(BODY_BYTES, seq)}", at)
                for at, pk in tqdm(ids, unit="session", disable=None)
                for seq in range(1, TURNS + 1)
            ),
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return {"rows": rows}


def _insert(table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """Write rows the fast way of each database."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns.split(",")))
        insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  our own words
        for some in _batched(rows):
            cursor.executemany(insert, some)


def _batched(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[list[Any]]]:
    """Give them as Django keeps them on SQLite, so many at a time."""
    while some := [[_plain(value) for value in row] for row in islice(rows, 1_000)]:
        yield some


def _plain(value: Any) -> Any:
    """Return a value as Django keeps it on SQLite."""
    if isinstance(value, UUID):
        return value.hex
    return value.replace(tzinfo=None).isoformat(" ") if isinstance(value, datetime) else value
