"""Is the log what was signed, and the ledger what the log says? Walks all of it, and changes nothing.

Everything is computed anew from the records' own columns. Whoever can write to the database and has
no key leaves a trace, but for what was not sealed yet, and for cutting off the end: that a checkpoint
kept outside shows, and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain

from django.db import connection, transaction

from audit import subjects
from audit.models import Checkpoint, Leaf
from audit.notes import Checkpoint as Published
from audit.notes import Verifier
from audit.stored import sealed
from audit.verification import kinds, outside, seals, trails, unsealed
from audit.verification.flaws import Finding, Findings, Flaw, Report
from audit.verification.log import LogWalk

__all__ = ["BATCH", "CannotVerifyError", "Finding", "Flaw", "Report", "verify"]

BATCH = 2_000
_BEFORE_ALL = -(2**63)


class CannotVerifyError(Exception):
    """Nothing can be said about the ledger, neither good nor bad; the text says why."""


def verify(
    *,
    known: Sequence[Verifier],
    origin: str,
    at: datetime,
    published: Iterable[Published] = (),
    batch: int = BATCH,
    after_batch: Callable[[int], None] = lambda _: None,
) -> Report:
    """Return what a walk over the whole log found; it sees all as it was at one moment.

    :param known: whose signatures count
    :param published: checkpoints that were kept outside
    :param after_batch: is told how many leaves have been looked at
    :raises CannotVerifyError: if there is no key to verify with, or nothing was ever sealed
    """
    if not known:
        raise CannotVerifyError("there is no key to verify with: set AUDIT_VERIFY_KEY")
    with _one_moment():
        size = Leaf.objects.count()
        published = iter(published)
        first = next(published, None)
        if not size and first is None and not Checkpoint.objects.exists():
            raise CannotVerifyError("nothing was ever sealed: run manage.py seal_audit")
        findings = Findings()
        if not kinds.check(findings):
            return _report(findings)
        walk = LogWalk(
            findings,
            known=known,
            origin=origin,
            checkpoints=seals.in_order(batch),
            trails=max(0, min(subjects.how_many(), size)),  # each has a leaf
        )
        after = _BEFORE_ALL
        while rows := sealed(after=after, size=batch):
            walk.take(rows)
            after = rows[-1][0]
            after_batch(walk.size)
        walk.end()
        trails.check(findings, counts=walk.counts, last=walk.last, batch=batch)
        waiting = unsealed.check(findings, at=at, batch=batch)
        outer = outside.check(
            findings,
            chain([] if first is None else [first], published),
            size=walk.last.size if walk.last else 0,
        )
    return _report(
        findings,
        events=walk.events,
        checkpoints=walk.seals,
        size=walk.size,
        unsealed=waiting,
        outside=outer,
    )


def _report(findings: Findings, **counted: int) -> Report:
    return Report(found=findings.number, findings=tuple(findings.kept), **counted)


@contextmanager
def _one_moment() -> Iterator[None]:
    """Let all questions inside see the database as it is now; nobody waits for them.

    Inside of a transaction it is that one's business.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")  # our own transactions begin with the lock that writers need
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
