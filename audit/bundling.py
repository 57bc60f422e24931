"""The lines of a verification bundle, from what the newest checkpoint signed and what waits for it.

What is sealed is told as one checkpoint saw it, however far the log has come when the last line is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from audit import bundles, proofs
from audit.models import Checkpoint, Leaf, MandateAudit
from audit.nodes import log_node
from audit.paging import page_of
from audit.wanted import BATCH, UNREADABLE, Wanted, read


class SinceSizeError(ValueError):
    """The log has not that size, or has no size yet; the text says so."""


def bundle(wanted: Wanted, *, at: datetime) -> tuple[bytes, Iterator[bytes]]:
    """Return a bundle's first line, and the others."""
    with wanted.asking():
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
        with wanted.asking():
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
    rows = read(wanted, [leaf.event_id for leaf in batch if leaf.event_id], _readable)
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
        except UNREADABLE:  # it was sealed as something else
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
        with wanted.asking():
            page = page_of(wanted.places(), cursor, BATCH)
            ids = [row.id for row in page.rows]
            leaves = Leaf.objects.filter(event_id__in=ids, log_index__lt=size)
            sealed = set(leaves.values_list("event_id", flat=True))
            found = read(wanted, [one for one in ids if one not in sealed], _unsealed_line)
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
