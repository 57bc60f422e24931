"""Forgetting expired sessions, batch by batch, beside people who are at work.

One big DELETE would be the fastest, and everybody would wait for it: on SQLite every writer, on
PostgreSQL the replicas and whoever starts anew after it was killed. A batch is a short transaction with
its record; what was done stays done, and what is left is due again.
"""

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Min
from django.utils import timezone

from audit.actions import SYSTEM, Action
from audit.services import record
from sessions_store.models import AgenticCheckoutSession, SessionQuerySet

# On PostgreSQL a batch is one statement, around the one that chooses; the ORM's way, with all ids there
# and back, takes twice as long.
_CHOSEN = "WITH due AS MATERIALIZED ("
_DELETED = """), their_turns AS (
    DELETE FROM session_turns USING due WHERE session_turns.session_id = due.pk
), gone AS (
    DELETE FROM agentic_checkout_sessions AS session USING due WHERE session.id = due.pk
    RETURNING session.status, session.expires_at
)
SELECT status, count(*), max(expires_at) FROM gone GROUP BY status
"""
# SQLite holds its one write lock meanwhile: what was chosen stays chosen.
_DELETE_BY_IDS = (
    "DELETE FROM session_turns WHERE session_id IN (SELECT value FROM json_each(%s))",
    "DELETE FROM agentic_checkout_sessions WHERE id IN (SELECT value FROM json_each(%s))",
)

# Should the power fail, the last batches come back, and their records with them are gone: all is due
# again. So no batch waits for the disk. SQLite gets room for a whole batch, or it would write the same
# pages several times.
_DO_NOT_WAIT = "SET LOCAL synchronous_commit TO off"
_AT_EASE_ON_SQLITE = ("PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -16384")


@dataclass(frozen=True)
class Pace:
    """How long one batch may take, and how long others have the database to themselves after it."""

    batch: float
    rest: float


# SQLite holds its write lock for less than half of a batch; the rest of it is the checkpoint, which
# needs none. So whoever waits for the lock, and asks for it again every 25 ms, gets it before the next
# batch.
PACES = {"postgresql": Pace(batch=0.2, rest=0.0), "sqlite": Pace(batch=0.15, rest=0.01)}
FIRST_SIZE, LEAST_SIZE, MOST_SIZE = 200, 200, 10_000


@dataclass(frozen=True)
class Forgotten:
    """What a clean-up did."""

    deleted: int = 0
    remaining: int = 0  # due, but left for the next run
    batches: int = 0
    longest: float = 0.0  # seconds of one batch

    @property
    def is_complete(self) -> bool:
        return self.remaining == 0


@dataclass(frozen=True)
class Due:
    """What a clean-up would delete."""

    by_status: dict[str, int]
    oldest: datetime | None  # when the first of them expired

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


def due(*, at: datetime) -> Due:
    """Return what has expired and is not at work."""
    counted = AgenticCheckoutSession.objects.expired(at).order_by().values("status")
    rows = list(counted.annotate(number=Count("pk"), oldest=Min("expires_at")).order_by("status"))
    return Due(
        {row["status"]: row["number"] for row in rows},
        min((row["oldest"] for row in rows), default=None),
    )


def forget_expired(
    *,
    at: datetime,
    batch_size: int | None = None,
    max_seconds: float = 240,
    after_batch: Callable[[int], object] = lambda _: None,
) -> Forgotten:
    """Delete expired sessions with their turns; return what was done.

    Bounded in time, and safe to run twice at once: they share the work. Without a `batch_size`,
    batches grow and shrink to what this database does in a moment. `after_batch` hears how many each
    has deleted.

    :raises AuditUnavailableError: if a batch could not be recorded; it was not deleted
    """
    with _at_ease():
        return _forget(at, batch_size, max_seconds, after_batch)


def _forget(
    at: datetime,
    batch_size: int | None,
    max_seconds: float,
    after_batch: Callable[[int], object],
) -> Forgotten:
    pace, size = PACES[connection.vendor], batch_size or FIRST_SIZE
    run_id, started, done = uuid.uuid4(), time.monotonic(), Forgotten()
    since: datetime | None = None  # before it nothing is left but dead entries of the index
    is_second_try = False
    while time.monotonic() - started < max_seconds:
        try:
            with transaction.atomic():
                began = time.monotonic()  # now that nobody else writes, where only one may
                gone, last = _forget_batch(run_id, at=at, since=since, size=size)
        except IntegrityError:  # a last turn of one of them came in between: it is seen this time
            if is_second_try:
                raise
            is_second_try = True
            continue
        is_second_try = False
        if not gone and since is None:
            return done
        if not gone:  # a clean-up beside this one may have died and left some behind
            since = None
            continue
        since, seconds = last, time.monotonic() - began
        done = replace(
            done,
            deleted=done.deleted + gone,
            batches=done.batches + 1,
            longest=max(done.longest, seconds),
        )
        after_batch(gone)
        if batch_size is None and gone == size:
            size = _next_size(size, seconds, pace.batch)
        time.sleep(pace.rest)
    return replace(done, remaining=AgenticCheckoutSession.objects.expired(at).count())


@contextmanager
def _at_ease() -> Iterator[None]:
    """Let SQLite's connection work in bulk; on PostgreSQL each batch says so itself."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:  # it cannot be said in there
        yield
        return
    with connection.cursor() as cursor:
        for pragma in _AT_EASE_ON_SQLITE:
            cursor.execute(pragma)
    try:
        yield
    finally:
        connection.close()  # the next one begins as the settings say


def _forget_batch(
    run_id: UUID, *, at: datetime, since: datetime | None, size: int
) -> tuple[int, datetime | None]:
    """Delete the next batch with its record; return how many, and when the last of them expired."""
    chosen = AgenticCheckoutSession.objects.expired(at).order_by("expires_at")
    if since is not None:
        chosen = chosen.filter(expires_at__gte=since)
    if connection.vendor == "postgresql":
        by_status, last = _delete_on_postgresql(chosen.select_for_update(skip_locked=True)[:size])
    else:
        by_status, last = _delete_on_sqlite(chosen[:size])
    deleted = sum(by_status.values())
    if deleted:
        record(
            action=Action.SESSIONS_EXPIRED,
            user_id=None,
            actor=SYSTEM,
            at=timezone.now(),
            metadata={"run_id": str(run_id), "deleted": deleted, "by_status": by_status},
        )
    return deleted, last


def _delete_on_postgresql(chosen: SessionQuerySet) -> tuple[dict[str, int], datetime | None]:
    """Delete these sessions after their turns; return how many, and when the last one expired."""
    choose, values = chosen.values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_DO_NOT_WAIT)
        cursor.execute(_CHOSEN + choose + _DELETED, values)
        rows = cursor.fetchall()
    last = max((expired for _, _, expired in rows), default=None)
    return {status: number for status, number, _ in rows}, last


def _delete_on_sqlite(chosen: SessionQuerySet) -> tuple[dict[str, int], datetime | None]:
    """Delete these sessions after their turns; return how many, and when the last one expired."""
    rows = list(chosen.values_list("pk", "status", "expires_at"))
    if not rows:
        return {}, None
    ids = json.dumps([pk.hex for pk, _, _ in rows])
    with connection.cursor() as cursor:
        for statement in _DELETE_BY_IDS:
            cursor.execute(statement, [ids])
    return dict(Counter(status for _, status, _ in rows)), rows[-1][2]


def _next_size(size: int, seconds: float, target: float) -> int:
    """Return how many would have taken the target's time, but no leap: one batch may be unlucky."""
    fitting = size * target / max(seconds, target / 1000)
    return int(max(LEAST_SIZE, min(MOST_SIZE, 2 * size, max(size / 2, fitting))))
