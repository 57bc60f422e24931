"""A quick look at the ledger and its log: is all in place, and does what can be seen at once hold?

It reads a thousand records and a few hundred hashes, however long the log is. The whole of it is
`audit.verification`'s to walk.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast

from audit import guards, publication, roles, stored
from audit.actions import Action
from audit.models import Checkpoint, Leaf, MandateAudit, Pending
from audit.notes import Checkpoint as Published
from audit.printing import counted
from audit.sealer import HEARTBEAT
from audit.sealing_run import Log
from audit.verification import glance, outside, seals
from audit.verification.unsealed import LONGEST_WAIT

NEWEST = 1_000
SOME = 10_000  # of the waiting records are looked at
BEHIND = timedelta(minutes=10)  # so much later than due may a heartbeat come
JUST_NOW = timedelta(minutes=1)  # what was sealed since may not be published yet
VERIFY = "Keep the database as it is, and run: manage.py verify_audit"


@dataclass(frozen=True)
class Sign:
    """One thing that was looked at."""

    what: str
    is_well: bool
    found: str
    remedy: str
    is_needed: bool = True  # otherwise it works without, and would be better with it


def look(log: Log, at: datetime) -> Iterator[Sign]:
    """Yield how each thing is."""
    yield from _triggers()
    yield _row_level_security()
    yield _records()
    yield _keys(log)
    newest = seals.newest()
    yield _heartbeat(newest, at)
    yield _lag(at)
    yield _seal(log, newest)
    yield from _published(log, newest, at)


def _triggers() -> Iterator[Sign]:
    gone = guards.missing(connection)
    yield Sign(
        "Triggers that refuse changes",
        not gone,
        f"missing: {', '.join(gone)}" if gone else "in place",
        "Run: manage.py migrate",
    )
    if others := guards.strange(connection):
        yield Sign(
            "Triggers and rules beside ours",
            is_well=False,
            found=", ".join(others),
            remedy="They can swallow records: drop them, and find out who made them.",
        )


def _row_level_security() -> Sign:
    what = "Row-level security"
    if connection.vendor != "postgresql":
        remedy = "Use PostgreSQL where more than one machine serves."
        return Sign(what, False, "SQLite has none", remedy, is_needed=False)
    troubles = roles.troubles(connection)
    more = f" and {len(troubles) - 3} more" if len(troubles) > 3 else ""
    return Sign(
        what,
        not troubles,
        f"off: {', '.join(troubles[:3])}{more}" if troubles else "on",
        "Run `manage.py migrate` as the database's owner, who may create roles (docs/operations.md); "
        "what that leaves was given by others: let them take it back. Until then the code alone keeps "
        "people's rows apart: let nothing else log in to the database.",
        is_needed=False,
    )


def _records() -> Sign:
    rows = stored.newest(NEWEST)
    changed = [row[stored.ID] for row in rows if not stored.is_unchanged(row)]
    return Sign(
        "Hashes of the newest rows",
        not changed,
        f"{len(changed)} of {len(rows)} do not hold" if changed else f"all of {len(rows)} hold",
        f"Somebody wrote rows past the product: {', '.join(changed[:3])}. {VERIFY}",
    )


def _keys(log: Log) -> Sign:
    has = "signs and verifies" if log.signers else "verifies"
    return Sign(
        "Keys of the log",
        bool(log.known),
        f"this process {has}" if log.known else "none",
        "Set AUDIT_SIGNING_KEY for the worker, and AUDIT_VERIFY_KEY for the others.",
    )


def _heartbeat(newest: Checkpoint | None, at: datetime) -> Sign:
    what, remedy = "Newest checkpoint", "See whether the worker runs and has AUDIT_SIGNING_KEY."
    if newest is None:
        is_empty = not Pending.objects.exists()
        return Sign(what, is_empty, "none" + (": nothing to seal yet" * is_empty), remedy)
    if newest.sealed_at == seals.NO_TIME:
        return Sign(what, False, f"{newest.size}, made at a time that cannot be read", VERIFY)
    minutes = int((at - newest.sealed_at).total_seconds() // 60)
    is_young = at - newest.sealed_at <= HEARTBEAT + BEHIND
    return Sign(what, is_young, f"{newest.size}, made {counted(minutes, 'minute')} ago", remedy)


def _lag(at: datetime) -> Sign:
    """Look for what waits too long; a seal's own record waits for company."""
    # as the database has it: on SQLite it may be no id at all
    text = Cast("event_id", TextField())
    some = Pending.objects.values_list(text, flat=True)[:SOME]
    due = MandateAudit.objects.filter(id__among=list(some), created_at__lt=at - LONGEST_WAIT)
    late = due.exclude(
        action=Action.AUDIT_SEALED, created_at__gte=at - LONGEST_WAIT - HEARTBEAT
    ).count()
    said = f"{counted(late, 'record')} not sealed for more than five minutes"
    return Sign(
        "Sealing",
        not late,
        said if late else f"{counted(Pending.objects.count(), 'record')} waiting, none for long",
        "See whether the worker runs; what it logs says whether it refused to seal.",
    )


def _seal(log: Log, newest: Checkpoint | None) -> Sign:
    what = "Newest seal"
    if newest is None:
        return Sign(what, True, "none yet", "")
    if Leaf.objects.filter(log_index__gte=newest.size).exists():
        return Sign(what, False, "is not the end: nobody seals after such leaves", VERIFY)
    findings = glance.look(newest, known=log.known, origin=log.origin, size=NEWEST)
    return Sign(
        what,
        not findings.number,
        str(findings.kept[0]) if findings.number else "holds, and so do the records before it",
        VERIFY,
    )


def _published(log: Log, newest: Checkpoint | None, at: datetime) -> Iterator[Sign]:
    what = "Published checkpoints"
    if log.file is None:
        yield Sign(
            what,
            False,
            "none: a log that was cut short would not show",
            "Set AUDIT_CHECKPOINT_FILE, and ship the file to another machine.",
            is_needed=False,
        )
        return
    is_there = log.file.exists()
    if log.signers:
        can = os.access(log.file if is_there else log.file.parent, os.W_OK)
        yield Sign(
            "File of checkpoints",
            can,
            "can be written to" if can else "cannot be written to",
            "Let the worker write to AUDIT_CHECKPOINT_FILE.",
        )
    if newest is None and not is_there:
        return
    try:
        published = publication.newest(log.file, log.known, origin=log.origin)
    except publication.PublicationError as error:
        yield Sign(what, False, str(error), "Let this process read AUDIT_CHECKPOINT_FILE.")
        return
    newest = seals.newest()  # once more: a seal that was published since is no shorter log
    found, remedy = _held_against(published, newest, at)
    size = f"up to {published.size}, and the log goes through it" if published else ""
    yield Sign(what, not found, found or size, remedy)


def _held_against(
    published: Published | None, newest: Checkpoint | None, at: datetime
) -> tuple[str, str]:
    """Return what is wrong between what was published and what is there, and what to do."""
    size = newest.size if newest else 0
    if published and published.size > size:
        return f"{published.size} was published, and the log ends at {size}", VERIFY
    if published and outside.root_at(published.size) != published.root.hex():
        return f"the log had other leaves when {published.size} was published", VERIFY
    is_fresh = newest is None or at - newest.sealed_at < JUST_NOW
    if is_fresh or (published and published.size == size):
        return "", ""
    return f"{size} is not among them", "See in the worker's log why it was not published."
