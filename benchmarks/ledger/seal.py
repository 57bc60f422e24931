"""Sealing and verifying, beside reading the same rows and hashing them, and nothing else."""

import hashlib
import time
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.utils import timezone

from audit import sealer
from audit.actions import Action, person
from audit.services import Entry, record_many
from benchmarks.ledger.goals import goal, row, title

FAMILIES = 500
LEAST_SEALED, LEAST_VERIFIED = 5_000, 20_000  # events a second


def measure(events: int) -> bool:
    """Print how many events a second are sealed and verified; return whether the goals are met."""
    from audit import verification

    title(f"Sealing and verifying {events:,} records of {FAMILIES} families")
    drain()
    people, at = [uuid4() for _ in range(FAMILIES)], timezone.now()
    record_many(
        Entry(
            action=Action.MESSAGE_SENT,
            user_id=people[number % FAMILIES],
            actor=person(people[number % FAMILIES]),
            at=at,
            session_id=people[number % FAMILIES],
            metadata={"step": "provider_search", "intent": "search"},
        )
        for number in range(events)
    )
    start = time.perf_counter()
    drain()
    sealed = events / (time.perf_counter() - start)
    start, cpu = time.perf_counter(), time.process_time()
    report = verification.verify(
        known=settings.AUDIT_VERIFIERS, origin=settings.AUDIT_ORIGIN, at=timezone.now()
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert not report.findings, report.findings[:3]
    verified = report.events / seconds
    floor = _floor()
    row("side", "events/s", "x floor")
    row("sealing", f"{sealed:,.0f}", f"{sealed / floor:.2f}")
    row("verifying", f"{verified:,.0f}", f"{verified / floor:.2f}")
    row("reading and hashing alone", f"{floor:,.0f}", "1.00")
    return all(
        [
            goal(f"seals {LEAST_SEALED:,} events a second", met=sealed >= LEAST_SEALED),
            goal(
                f"verifies {LEAST_VERIFIED:,} events a second of a core: {report.events / cpu:,.0f}",
                met=report.events / cpu >= LEAST_VERIFIED,
            ),
        ]
    )


def drain() -> None:
    """Seal until nothing is waiting."""
    while done := sealer.seal(
        at=timezone.now(), signers=settings.AUDIT_SIGNERS, origin=settings.AUDIT_ORIGIN
    ):
        if done.is_drained:
            break


def _floor() -> float:
    """Return how many rows a second can be read whole and hashed once, as they come."""
    start, rows, last = time.perf_counter(), 0, ""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT id, metadata, actor, action, content_hash, created_at"
                " FROM mandate_audit WHERE id > %s ORDER BY id LIMIT 2000",
                [last or "00000000-0000-0000-0000-000000000000"],
            )
            found = cursor.fetchall()
            if not found:
                return rows / (time.perf_counter() - start)
            for said in found:
                hashlib.sha256(repr(said).encode()).digest()
            rows, last = rows + len(found), str(found[-1][0])
