"""What the worker does for registrations, kept answers and the ledger.

May ring twice, late or never: registrations are looked at under leases of their own, and what one run
leaves is due again.
"""

import logging
import os
import socket
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.services import logins
from audit import sealing_run
from audit.sealer import SealingRefusedError
from orchestrator import idempotency, schedules
from orchestrator.services import news, reconciling
from sessions_store.jobs import job

logger = logging.getLogger(__name__)

RUN_SECONDS = 45  # then the next minute's run goes on
SEAL_SECONDS = 50  # likewise; scarcely a record is older when it is sealed than the pause of a run


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


@job(schedules.SEAL_AUDIT, rest=timedelta(minutes=5))
def seal_audit() -> str:
    """Seal what was recorded, and what is recorded in the rest of the minute."""
    if not settings.AUDIT_SIGNERS:
        return "nothing sealed: AUDIT_SIGNING_KEY is not set"
    try:
        done = sealing_run.run(
            sealing_run.configured(),
            now=timezone.now,
            seconds=min(SEAL_SECONDS, settings.Q_CLUSTER["timeout"] / 2),
            is_stopped=_worker_is_stopping,
        )
    except SealingRefusedError as error:
        logger.error("ALARM: the ledger is not sealed: %s; run verify_audit", error)
        raise
    return str(done)


def _worker_is_stopping() -> bool:
    """Return whether the cluster that this process belongs to was asked to stop.

    It waits for its tasks then, though not for long before whoever asked gets impatient; to the tasks
    it says so nowhere but in its state.
    """
    from django_q.conf import Conf
    from django_q.status import Stat

    mine = (socket.gethostname(), os.getppid())
    return any(
        (one.host, one.sentinel) == mine and one.status == Conf.STOPPING for one in Stat.get_all()
    )
