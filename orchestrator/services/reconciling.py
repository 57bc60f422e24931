"""Finding out what became of registrations whose outcome nobody knows.

A registration is looked at under a lease of its own, so any number of runs share the work.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from audit import opened
from audit.context import about_session
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import confirming
from orchestrator.services.inquiring import Inquiry, TakenOverError
from orchestrator.submissions import ledger, watch
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import KEPT

logger = logging.getLogger(__name__)

MOST_PER_RUN = 1000


@dataclass
class Tally:
    """What a run came to."""

    looked_at: int = 0
    now: Counter[str] = field(default_factory=Counter)  # by the status that they have now
    unasked: int = 0  # nobody could be asked: the provider's server did not say what it can do
    failed: int = 0  # something broke; they are looked at again
    left: int = 0  # due, but left for the next run

    def add(self, later: "Tally") -> None:
        """Count another run's as well; what is left is what the later one left."""
        self.looked_at += later.looked_at
        self.now += later.now
        self.unasked += later.unasked
        self.failed += later.failed
        self.left = later.left

    def __str__(self) -> str:
        said = [f"{count} {status}" for status, count in sorted(self.now.items())]
        others = {"not asked about": self.unasked, "failed": self.failed, "left": self.left}
        said += [f"{count} {words}" for words, count in others.items() if count]
        return f"{self.looked_at} looked at" + (f": {', '.join(said)}" if said else "")


def reconcile(
    *,
    at: datetime,
    max_seconds: float = float("inf"),
    after_each: Callable[[UUID, str, str], object] = lambda _id, _was, _now: None,
) -> Tally:
    """Look at registrations that are due, one after the other; return what was found.

    `at` is the moment the run begins, and time goes on from there. After each, `after_each` gets
    its id, the status it had and the one it has now. One run takes `MOST_PER_RUN`, and begins
    nothing new after `max_seconds`; what it leaves is counted.
    """
    run, tally = _Run(at), Tally()
    due = list(watch.due(at).values_list("pk", "status")[:MOST_PER_RUN])
    all_due = len(due) if len(due) < MOST_PER_RUN else watch.due(at).count()
    for done, (submission_id, was) in enumerate(due):
        if run.elapsed >= max_seconds:
            tally.left = all_due - done
            return tally
        after_each(submission_id, was, run.look_at(submission_id, tally))
    tally.left = all_due - len(due)
    return tally


class _Run:
    """One run: it begins at a moment, and time goes on from there."""

    def __init__(self, at: datetime) -> None:
        self._at, self._started = at, time.monotonic()
        self._inquiry = Inquiry(self.now)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def now(self) -> datetime:
        return self._at + timedelta(seconds=self.elapsed)

    def look_at(self, submission_id: UUID, tally: Tally) -> str:
        """Look at one registration, count it, and return its status."""
        rows, row = RegistrationSubmission.objects.filter(pk=submission_id), None
        try:
            row = watch.take(submission_id, at=self.now())
            if row is not None:
                with opened.forgetting(), about_session(row.session_id):
                    self._look(row, tally)
                tally.looked_at += 1
        except TakenOverError:
            row = None
        except Exception as error:  # noqa: BLE001  one that breaks must not hold up the others
            tally.failed += 1  # its lease runs out, and then it is looked at again
            logger.error("Registration %s not looked into: %s", submission_id, type(error).__name__)
        status = rows.values_list("status", flat=True).get()
        if row is not None:
            tally.now[status] += 1
        return status

    def _look(self, row: RegistrationSubmission, tally: Tally) -> None:
        if row.status in watch.UNDER_WAY:
            self._follow(row)
            row.refresh_from_db()
        match row.status:
            case SubmissionStatus.INTENT | SubmissionStatus.SENT:
                watch.let_go(row)  # its own turn is still at it
            case SubmissionStatus.OUTCOME_UNKNOWN:
                if row.check_at and row.check_at > self.now():
                    watch.let_go(row)
                elif not self._inquiry.ask_about(row):
                    tally.unasked += 1
            case _:
                with transaction.atomic():  # both or neither, session first
                    store.lock(row.session_id)
                    watch.is_seen_to(row)
                    confirming.bring_along(row, at=self.now())

    def _follow(self, row: RegistrationSubmission) -> None:
        """Say what is certain of a registration whose process died midway."""
        session = AgenticCheckoutSession.objects.filter(pk=row.session_id).first()
        if session is not None and session.status in KEPT:
            confirming.bring_along(row, at=self.now())
        elif row.updated_at <= self.now() - watch.LEASE:  # nobody can send it any more
            if row.status == SubmissionStatus.INTENT:
                confirming.conclude(
                    row,
                    SubmissionStatus.NOT_CREATED,
                    of=[row.status],
                    at=self.now(),
                    error_code="interrupted",
                    lease=row.lease_token,
                )
            else:
                unknown = SubmissionStatus.OUTCOME_UNKNOWN
                of = [SubmissionStatus.SENT]
                ledger.settle(row, unknown, of=of, at=self.now(), error_code="interrupted")
