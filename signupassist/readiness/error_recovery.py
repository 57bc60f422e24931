"""Does it keep working, and does somebody look after what it cannot mend itself?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q

from orchestrator.models import RegistrationSubmission, SubmissionStatus
from signupassist import worker_health
from signupassist.readiness.findings import Finding, advised, needed

IN_TROUBLE = {"failed", "died", "resting", "overdue", "missing", "paused"}
LATE = timedelta(minutes=10)  # past the minute in which the worker should have asked


def look(at: datetime) -> Iterator[Finding]:
    """Yield what was found."""
    yield needed(
        "Error pages",
        not settings.DEBUG,
        "show the insides (DEBUG is on)" if settings.DEBUG else "tell nothing of the insides",
        "Set DEBUG=false.",
    )
    jobs = worker_health.look(at).jobs
    troubles = [f"{name} {job.state}" for name, job in jobs.items() if job.state in IN_TROUBLE]
    yield needed(
        "Background jobs",
        not troubles,
        ", ".join(troubles) or f"{len(jobs)}, none in trouble",
        "See Job runs and Scheduled tasks in the admin.",
    )
    answers = _cache_answers()
    yield needed(
        "Cache and shared limits",
        answers,
        "answer" if answers else "do not answer",
        "See REDIS_URL; without it: manage.py migrate",
    )
    yield from _registrations(at)
    yield advised(
        "Metrics",
        bool(settings.METRICS_TOKEN),
        "are there for who has the token" if settings.METRICS_TOKEN else "are shown to nobody",
        "Set METRICS_TOKEN, let Prometheus ask /metrics, and load deploy/alerts.yml.",
    )
    yield advised(
        "Mail to parents",
        settings.MAILS_PARENTS,
        "is sent" if settings.MAILS_PARENTS else "is printed only, where no parent reads it",
        "Let EMAIL_URL name a mail server, so that parents hear of registrations that took longer.",
    )


def _registrations(at: datetime) -> Iterator[Finding]:
    rows = RegistrationSubmission.objects
    for_people = rows.filter(
        Q(status=SubmissionStatus.NEEDS_OPERATOR) | Q(late_answer_at__isnull=False)
    ).count()
    yield advised(
        "Registrations for a person",
        not for_people,
        f"{for_people} are waiting" if for_people else "none is waiting",
        "See Registrations in the admin, filter Needs a person.",
    )
    late = rows.filter(check_at__lte=at - LATE).count()
    yield advised(
        "Unclear registrations",
        not late,
        f"{late} should have been asked about" if late else "are asked about in time",
        "Run: manage.py reconcile_submissions",
    )


def _cache_answers() -> bool:
    """Say whether what one process writes is there for the others."""
    from redis import RedisError  # half a hundred modules, where they are needed

    key, value = "signupassist-readiness", uuid4().hex
    try:
        cache.set(key, value, timeout=60)
        return bool(cache.get(key) == value)
    except (RedisError, OSError):
        return False
