"""Taking a trail home, or the whole ledger: streamed, in the same little memory however long it is.

Whoever reads the stream is slow, and the sealer goes on meanwhile. So nothing is open between two
batches, and what is sealed is told as one checkpoint saw it.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from audit import acting, bundles, proofs
from audit.actions import Action
from audit.models import Checkpoint, Leaf, MandateAudit
from audit.nodes import MissingNodeError, log_node
from audit.paging import page_of
from audit.selectors import narrowed
from audit.services import record

BATCH = 1_000

logger = logging.getLogger(__name__)

Format = Literal["csv", "jsonl"]


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
        """Return the rows that are wanted."""
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
            page = page_of(wanted.rows(), cursor, BATCH)
        yield bundles.csv_rows(bundles.csv_row(row) for row in page.rows)
        cursor = page.next
        if cursor is None:
            return


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
    for rows in _unsealed(wanted, size):
        unsealed += len(rows)
        yield b"".join(bundles.event_line(row, log_index=None, subject_seq=None) for row in rows)
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
    rows = wanted.rows().in_bulk([leaf.event_id for leaf in batch if leaf.event_id])
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
        yield (
            bundles.event_line(
                row,
                log_index=leaf.log_index,
                subject_seq=leaf.subject_seq,
                nodes=told.news(leaf.log_index, node) if told else None,
            ),
            True,
        )


def _seals(batch: list[Leaf]) -> dict[int, Checkpoint]:
    sizes = [leaf.log_index + 1 for leaf in batch if leaf.event_id is None]
    return {one.size - 1: one for one in Checkpoint.objects.filter(size__in=sizes)}


def _unsealed(wanted: Wanted, size: int) -> Iterator[list[MandateAudit]]:
    """Yield the rows that the checkpoint has not signed, whatever may be the reason; newest first.

    They are looked for among all rows, not on the list of what is to seal: that can be tampered with.
    """
    cursor: str | None = None
    while True:
        with _batch(wanted):
            page = page_of(wanted.rows().only("id", "created_at"), cursor, BATCH)
            ids = {row.id for row in page.rows}
            leaves = Leaf.objects.filter(event_id__in=ids, log_index__lt=size)
            waiting = ids - set(leaves.values_list("event_id", flat=True))
            rows = wanted.rows().filter(id__in=waiting).order_by("-created_at", "-id")
            found = list(rows) if waiting else []
        if found:
            yield found
        cursor = page.next
        if cursor is None:
            return


def _batch(wanted: Wanted) -> AbstractContextManager[Any]:
    """Return as whom one batch is asked for: the stream runs on when the request is over."""
    return nullcontext() if wanted.user_id is None else acting.for_person(wanted.user_id)
