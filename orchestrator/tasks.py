"""What the worker does for registrations and kept answers.

May ring twice, late or never: registrations are looked at under leases of their own, and what one run
leaves is due again.
"""

from datetime import timedelta

from django.utils import timezone

from accounts.services import logins
from orchestrator import idempotency, schedules
from orchestrator.services import news, reconciling
from sessions_store.jobs import job

RUN_SECONDS = 45  # then the next minute's run goes on


@job(schedules.RECONCILE, rest=timedelta(hours=1))
def reconcile_submissions() -> str:
    """Find out what became of unclear registrations, and mail the news of it."""
    done = reconciling.reconcile(at=timezone.now(), max_seconds=RUN_SECONDS)
    mailed = news.send_due(at=timezone.now())
    return f"{done}; {mailed} mailed"


@job(schedules.FORGET_ANSWERS, rest=timedelta(hours=1))
def forget_answers() -> str:
    """Forget the kept answers to requests that nobody repeats any more; the next hour goes on."""
    return f"{idempotency.forget_expired(at=timezone.now())} forgotten"


@job(schedules.FORGET_LOGINS, rest=timedelta(hours=1))
def forget_logins() -> str:
    """Forget the log-ins on pages that are over."""
    return f"{logins.forget_expired(at=timezone.now())} forgotten"
