"""Taking a trail home, or the whole ledger: streamed, in the same little memory however long it is.

Whoever reads the stream is slow, and the sealer goes on meanwhile. So nothing is open between two
batches, and what is sealed is told as one checkpoint saw it.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime

from audit import acting, bundles, finding
from audit.actions import Action
from audit.bundling import SinceSizeError, bundle
from audit.models import MandateAudit
from audit.nodes import MissingNodeError
from audit.paging import Page, page_of
from audit.services import record
from audit.wanted import BATCH, UNREADABLE, Wanted, read

__all__ = ["SinceSizeError", "Wanted", "export", "export_found"]

logger = logging.getLogger(__name__)


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
        opening, rest = bundle(wanted, at=at)
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
        with wanted.asking():
            page, rows = _table_page(wanted, cursor)
        yield bundles.csv_rows(rows)
        cursor = page.next
        if cursor is None:
            return


def _table_page(wanted: Wanted, cursor: str | None) -> tuple[Page[MandateAudit], list[list[str]]]:
    try:
        page = page_of(wanted.rows(), cursor, BATCH)
        return page, [bundles.csv_row(row) for row in page.rows]
    except UNREADABLE:  # one of them; the others take longer then
        page = page_of(wanted.places(), cursor, BATCH)
        rows = read(wanted, [row.id for row in page.rows], bundles.csv_row)
        return page, list(rows.values())
