"""Taking a trail home, or the whole ledger: streamed, in the same little memory however long it is.

Whoever reads the stream is slow, and the sealer goes on meanwhile. So nothing is open between two
batches, and what is sealed is told as one checkpoint saw it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Func, QuerySet, TextField
from django.db.models.functions import Substr

from audit import acting, bundles, finding, proofs
from audit.actions import Action
from audit.models import Checkpoint, Leaf, MandateAudit
from audit.nodes import MissingNodeError, log_node
from audit.paging import Page, page_of
from audit.selectors import narrowed
from audit.services import record

BATCH = 1_000

# What a row raises that a plain INSERT has put there: numbers without end, lists in lists in lists…
_UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError)

logger = logging.getLogger(__name__)

Format = Literal["csv", "jsonl"]
Made = TypeVar("Made")


class SinceSizeError(ValueError):
    """The log has not that size, or has no size yet; the text says so."""


@dataclass(frozen=True)
class Wanted:
    """What is to be taken home."""

    user_id: UUID | None  # whose trail; None: the whole ledger
    format: Format
    filters: Mapping[str, Any] = field(default_factory=dict)  # see selectors.narrowed
    since_size: int | None = None  # an older checkpoint's, for a proof that the log only grew

    def rows(self) -> QuerySet[MandateAudit]:
        """Return the rows that are wanted; of some the columns may be unreadable: see `_read`."""
        everything = MandateAudit.objects.all()
        own = everything if self.user_id is None else everything.filter(user_id=self.user_id)
        return narrowed(own, **self.filters)


def export(wanted: Wanted, *, actor: str, at: datetime) -> Iterator[bytes]:
    """Return what was asked for, to be sent as it comes, once it is recorded who asked.

    :raises SinceSizeError: if the log was never as small, or is not as large
    :raises AuditUnavailableError: if it cannot be recorded; then nothing may be sent
    :raises MissingNodeError: if something of the log is gone that a bundle's proofs would be made of:
        before anything is sent, or on the way
    """
    if wanted.format == "csv":
        opening, rest = bundles.csv_rows([bundles.COLUMNS]), _table(wanted)
    else:
        opening, rest = _bundle(wanted, at=at)
    record(
        action=Action.AUDIT_EXPORTED,
        user_id=wanted.user_id,
        actor=actor,
        at=at,
        metadata={
            "format": wanted.format,
            "scope": "ledger" if wanted.user_id is None else "trail",
            "filters": sorted(wanted.filters),
        },
    )
    return _after(opening, rest)


def export_found(
    question: finding.Question,
    *,
    is_table: bool,
    filters: Sequence[str],
    actor: str,
    at: datetime,
) -> Iterator[bytes]:
    """Return all that staff found, newest first, once it is recorded who asked: CSV, or lines of JSON.

    It proves nothing: what was filtered out of a trail leaves no gap that could be seen.

    :param filters: the names of what narrowed it
    :raises AuditUnavailableError: if it cannot be recorded; then nothing may be sent
    """
    trail = question.trail
    for user_id in trail.told_to if trail else (None,):
        record(
            action=Action.AUDIT_EXPORTED,
            user_id=user_id,
            actor=actor,
            at=at,
            session_id=trail.session_id if trail else None,
            metadata={
                "format": "csv" if is_table else "jsonl",
                "scope": "trail" if trail else "ledger",
                "filters": sorted(filters),
            },
        )
    return _after(
        bundles.csv_rows([bundles.COLUMNS]) if is_table else b"", _found(question, is_table)
    )


def _found(question: finding.Question, is_table: bool) -> Iterator[bytes]:
    batches = finding.all_of(question, size=BATCH)
    while True:
        with acting.as_staff():
            rows = next(batches, None)
        if rows is None:
            return
        if is_table:
            yield bundles.csv_rows(bundles.csv_row(row) for row in rows)
        else:
            yield b"".join(bundles.line(bundles.record(row)) for row in rows)


def _after(opening: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield opening
    try:
        yield from rest
    except MissingNodeError as error:
        logger.error("An export broke off (%s). Run: manage.py verify_audit", error)
        raise


def _table(wanted: Wanted) -> Iterator[bytes]:
    """Yield the rows as CSV, newest first."""
    cursor: str | None = None
    while True:
        with _batch(wanted):
            page, rows = _table_page(wanted, cursor)
        yield bundles.csv_rows(rows)
        cursor = page.next
        if cursor is None:
            return


def _table_page(wanted: Wanted, cursor: str | None) -> tuple[Page[MandateAudit], list[list[str]]]:
    try:
        page = page_of(wanted.rows(), cursor, BATCH)
        return page, [bundles.csv_row(row) for row in page.rows]
    except _UNREADABLE:  # one of them; the others take longer then
        page = page_of(_places(wanted), cursor, BATCH)
        rows = _read(wanted, [row.id for row in page.rows], bundles.csv_row)
        return page, list(rows.values())


def _bundle(wanted: Wanted, *, at: datetime) -> tuple[bytes, Iterator[bytes]]:
    """Return a bundle's first line, and the others."""
    with _batch(wanted):
        standing = proofs.standing(wanted.user_id)
        older = _consistency(wanted.since_size, standing)
    first = bundles.manifest(
        at=at,
        origin=settings.AUDIT_ORIGIN,
        verify_keys=[str(key) for key in settings.AUDIT_VERIFIERS],
        filters=wanted.filters,
        standing=standing,
        consistency=older,
        user_id=wanted.user_id,
    )
    return bundles.line(first), _lines(wanted, standing)


def _consistency(size: int | None, standing: proofs.Standing | None) -> dict[int, list[bytes]]:
    if size is None:
        return {}
    if standing is None:
        raise SinceSizeError("Nothing is sealed yet.")
    try:
        return {size: proofs.consistency(size, standing.checkpoint)}
    except ValueError:
        raise SinceSizeError(f"The log has the size {standing.checkpoint.size}.") from None


def _lines(wanted: Wanted, standing: proofs.Standing | None) -> Iterator[bytes]:
    size = standing.checkpoint.size if standing else 0
    sealed = unsealed = 0
    for batch in _sealed(wanted, standing) if standing else ():
        sealed += sum(1 for _, is_event in batch if is_event)
        yield b"".join(line for line, _ in batch)
    for lines in _unsealed(wanted, size):
        unsealed += len(lines)
        yield b"".join(lines)
    yield bundles.end_line(events=sealed + unsealed, unsealed=unsealed)


def _sealed(wanted: Wanted, standing: proofs.Standing) -> Iterator[list[tuple[bytes, bool]]]:
    """Yield the lines of what the checkpoint signed, in the order of the log; True: of a record."""
    size = standing.checkpoint.size
    leaves = Leaf.objects.filter(log_index__lt=size)
    if wanted.user_id is not None:
        if standing.subject is None:
            return
        leaves = leaves.filter(subject=standing.subject.number)
    is_whole = wanted.user_id is None and not wanted.filters
    told = None if is_whole else bundles.Proofs(size)
    last = _Place(-1, 0)
    while True:
        with _batch(wanted):
            batch = list(_following(leaves, wanted, last))
            lines = list(_told(batch, wanted, told))
        yield lines
        if len(batch) < BATCH:
            return
        last = _Place(batch[-1].log_index, batch[-1].subject_seq or 0)


@dataclass(frozen=True)
class _Place:
    log_index: int
    subject_seq: int


def _following(leaves: QuerySet[Leaf], wanted: Wanted, last: _Place) -> QuerySet[Leaf]:
    """Return the next leaves; in each case by the order of an index."""
    if wanted.user_id is None:
        return leaves.filter(log_index__gt=last.log_index).order_by("log_index")[:BATCH]
    return leaves.filter(subject_seq__gt=last.subject_seq).order_by("subject_seq")[:BATCH]


def _told(
    batch: list[Leaf], wanted: Wanted, told: bundles.Proofs | None
) -> Iterator[tuple[bytes, bool]]:
    rows = _read(wanted, [leaf.event_id for leaf in batch if leaf.event_id], _readable)
    seals = _seals(batch) if told is None else {}
    node = log_node()  # a new one each batch: it remembers all that it read
    for leaf in batch:
        if leaf.event_id is None:
            if told is None and leaf.log_index in seals:
                yield bundles.seal_line(seals[leaf.log_index]), False
            continue
        row = rows.get(leaf.event_id)
        if row is None and wanted.filters:
            continue
        said: dict[str, Any] = {"log_index": leaf.log_index, "subject_seq": leaf.subject_seq}
        said["nodes"] = told.news(leaf.log_index, node) if told else None
        try:
            line = bundles.event_line(row, **said)
        except _UNREADABLE:  # it was sealed as something else
            line = bundles.event_line(None, **said)
        yield line, True


def _seals(batch: list[Leaf]) -> dict[int, Checkpoint]:
    sizes = [leaf.log_index + 1 for leaf in batch if leaf.event_id is None]
    return {one.size - 1: one for one in Checkpoint.objects.filter(size__in=sizes)}


def _unsealed(wanted: Wanted, size: int) -> Iterator[list[bytes]]:
    """Yield lines of the rows that the checkpoint has not signed, for whatever reason; newest first.

    They are looked for among all rows, not on the list of what is to seal: that can be tampered with.
    """
    cursor: str | None = None
    while True:
        with _batch(wanted):
            page = page_of(_places(wanted), cursor, BATCH)
            ids = [row.id for row in page.rows]
            leaves = Leaf.objects.filter(event_id__in=ids, log_index__lt=size)
            sealed = set(leaves.values_list("event_id", flat=True))
            found = _read(wanted, [one for one in ids if one not in sealed], _unsealed_line)
        if found:
            yield list(found.values())
        cursor = page.next
        if cursor is None:
            return


def _unsealed_line(row: MandateAudit) -> bytes:
    return bundles.event_line(_sound(row), log_index=None, subject_seq=None)


def _readable(row: MandateAudit) -> MandateAudit:
    """Return a row as it is.

    :raises ValueError: if it has no metadata
    """
    if not isinstance(row.metadata, dict):
        raise ValueError("metadata is not an object")
    return row


def _sound(row: MandateAudit) -> MandateAudit:
    """Return a row as it is, changed or not, if a record can say what it says.

    :raises ValueError: else
    """
    row.computed_hash()
    return row


def _places(wanted: Wanted) -> QuerySet[MandateAudit]:
    """Return the rows with nothing but their place in the order."""
    rows = wanted.rows().only("id", "created_at")
    if connection.vendor == "postgresql":
        return rows
    seconds = Func(F("created_at"), function="datetime", output_field=TextField())  # or NULL
    return rows.alias(seconds=seconds, said=Substr("created_at", 1, 19)).filter(
        id__regex="^[0-9a-f]{32}$", seconds=F("said")
    )


def _read(
    wanted: Wanted, ids: Sequence[UUID], use: Callable[[MandateAudit], Made]
) -> dict[UUID, Made]:
    """Return what is made of these rows, in this order; what nobody can read is left out and told of."""
    if not ids:
        return {}
    made = {}
    for pk in ids if (found := _in_bulk(wanted, ids)) is None else found:
        rows = found if found is not None else _in_bulk(wanted, [pk])
        try:
            made[pk] = use((rows or {})[pk])
        except _UNREADABLE:
            logger.error(
                "A record is not exported, since it is none: %s. Run: manage.py verify_audit", pk
            )
    return {pk: made[pk] for pk in ids if pk in made}


def _in_bulk(wanted: Wanted, ids: Sequence[UUID]) -> dict[UUID, MandateAudit] | None:
    """Return these rows, by their ids; None, if one of them cannot be read."""
    try:
        return wanted.rows().in_bulk(ids)
    except _UNREADABLE:
        return None


def _batch(wanted: Wanted) -> AbstractContextManager[Any]:
    """Return as whom one batch is asked for: the stream runs on when the request is over."""
    return nullcontext() if wanted.user_id is None else acting.for_person(wanted.user_id)
