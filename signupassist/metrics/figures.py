"""The figures themselves. No question here takes longer the more there is: each reads an index, and
stops counting at a number that says enough."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Cast
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from audit.actions import Action
from audit.models import Checkpoint, MandateAudit, Pending
from credentials import selectors
from credentials.fields import KeyIdIn, SealedTextField
from credentials.keyring import KeyRing
from credentials.models import StoredCredential
from credentials.registry import SealedText, sealed_texts
from credentials.services import ring
from orchestrator.models import NEEDS_A_PERSON, RegistrationSubmission, SubmissionStatus
from orchestrator.submissions.watch import UNSETTLED
from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import KEPT
from signupassist import worker_health

ENOUGH = 10_000  # is where counting stops
ENOUGH_SESSIONS = 100_000
OLDEST = 1_000  # rows of a column of sealed texts are looked into
KEYS_EVERY = 60  # seconds
LATE = timedelta(minutes=10)  # past the minute in which the worker should have asked


def read(at: datetime) -> Iterator[Metric]:
    """Yield how everything stands at this time."""
    yield from _audit(at)
    yield from _submissions(at)
    yield _sealed_rows()
    yield from _sessions(at)
    yield from _worker(at)


def _audit(at: datetime) -> Iterator[Metric]:
    newest = Checkpoint.objects.order_by("-size").only("events_total", "sealed_at").first()
    waiting = Pending.objects.filter(left_out_at=None)
    yield _gauge(
        "signupassist_audit_rows",
        "Rows of the audit trail: sealed, as the newest checkpoint counts them, and waiting for it "
        f"(counted up to {ENOUGH}).",
        ["state"],
        {
            ("sealed",): newest.events_total if newest else 0,
            ("waiting",): _count(waiting),
            ("left_out",): _count(Pending.objects.exclude(left_out_at=None)),
        },
    )
    some = waiting.values("event_id")[:OLDEST]
    # a seal's own record waits for company
    rows = MandateAudit.objects.filter(id__in=some).exclude(action=Action.AUDIT_SEALED)
    oldest = rows.aggregate(oldest=Min("created_at"))["oldest"]
    yield _gauge(
        "signupassist_audit_unsealed_seconds",
        f"For how long the oldest of {OLDEST} rows of the audit trail has waited for its seal.",
        value=_seconds(at - oldest) if oldest else 0,
    )
    yield _gauge(
        "signupassist_audit_checkpoint_timestamp_seconds",
        "When the newest checkpoint was made; 0: there is none.",
        value=newest.sealed_at.timestamp() if newest else 0,
    )


def _submissions(at: datetime) -> Iterator[Metric]:
    rows = RegistrationSubmission.objects
    newest = rows.order_by("-created_at", "-id").values("pk")[:ENOUGH]
    counted = rows.filter(pk__in=newest).order_by().values_list("status").annotate(Count("pk"))
    by_status = dict.fromkeys(SubmissionStatus.values, 0) | dict(counted)
    yield _gauge(
        "signupassist_submissions",
        f"Registrations by status, of the newest {ENOUGH}.",
        ["status"],
        {(status,): number for status, number in by_status.items()},
    )
    yield _gauge(
        "signupassist_submissions_unsettled",
        f"All registrations whose outcome is open, by status (counted up to {ENOUGH}).",
        ["status"],
        {(status.value,): _count(rows.filter(status=status)) for status in UNSETTLED},
    )
    yield _gauge(
        "signupassist_submissions_overdue",
        "Registrations that the worker should have asked about ten minutes ago.",
        value=_count(rows.filter(check_at__lte=at - LATE)),
    )
    yield _gauge(
        "signupassist_submissions_for_a_person",
        "Registrations that only a person can settle.",
        value=_count(rows.filter(NEEDS_A_PERSON)),
    )


def _sealed_rows() -> Metric:
    keys = ring()
    return _gauge(
        "signupassist_sealed_rows",
        "Rows that need a key, by key and column: logins up to "
        f"{ENOUGH} a key, of other columns those among the oldest {OLDEST}.",
        ["key_id", "standing", "column"],
        sealed_rows(keys, int(time.monotonic() / KEYS_EVERY)),
    )


@lru_cache(maxsize=1)
def sealed_rows(keys: KeyRing, _moment: int) -> Mapping[Sequence[str], int]:
    """Return the rows by key, its standing and their column: looked at once in a moment.

    Of a key that is missing, rows beside logins are counted as another's, without its id.
    """
    logins = StoredCredential.objects.annotate(named=KeyIdIn("ciphertext"))
    column = f"{StoredCredential._meta.db_table}.ciphertext"
    held = [key.id for key in keys.keys]
    found: Counter[Sequence[str]] = Counter()
    for key_id in held:
        standing = "primary" if key_id == keys.primary.id else "older"
        found[key_id, standing, column] = _count(logins.filter(named=key_id))
        for text in sealed_texts():
            found[key_id, standing, text.name] = _among_the_oldest(text, key_id)
    for key_id, number in selectors.logins_without_key(keys, most=ENOUGH).items():
        found[key_id, "missing", column] = number
    for text in sealed_texts():
        if number := text.rows_without(held, among=OLDEST):
            found["other", "missing", text.name] = number
    return found


def _among_the_oldest(text: SealedText, key_id: str) -> int:
    rows = text.model._default_manager
    oldest = rows.filter(pk__in=rows.order_by("pk").values("pk")[:OLDEST])
    texts = oldest.annotate(text=Cast(text.column, SealedTextField()))
    return _count(texts.filter(text__contains=f"sa1.{key_id}."))


def _sessions(at: datetime) -> Iterator[Metric]:
    rows = AgenticCheckoutSession.objects
    live, over = rows.filter(expires_at__gt=at), rows.filter(expires_at__lte=at)
    yield _gauge(
        "signupassist_sessions",
        "Signups: active, and past their time and not cleaned up yet (each counted up to "
        f"{ENOUGH_SESSIONS}).",
        ["state"],
        {
            ("active",): _count(live, ENOUGH_SESSIONS),
            ("expired",): _count(over.exclude(status__in=KEPT), ENOUGH_SESSIONS),
        },
    )


def _worker(at: datetime) -> Iterator[Metric]:
    worker = worker_health.look(at)
    beat = at.timestamp() - worker.last_beat if worker.last_beat is not None else 0
    yield _gauge(
        "signupassist_worker_last_beat_timestamp_seconds",
        "When the worker gave its last sign of life; 0: never.",
        value=beat,
    )
    yield _gauge(
        "signupassist_sessions_cleanup_overdue",
        "Whether there are signups that should have been cleaned up last night.",
        value=worker.cleanup_overdue,
    )
    jobs = worker.jobs.items()
    yield _gauge(
        "signupassist_job_in_trouble",
        "Whether a job failed, died, is overdue, missing, or left alone for dying.",
        ["task"],
        {(name,): job.state in worker_health.TROUBLE for name, job in jobs},
    )
    yield _gauge(
        "signupassist_job_last_end_timestamp_seconds",
        "When a job ended last; 0: never.",
        ["task"],
        {(name,): job.last_ended.timestamp() if job.last_ended else 0 for name, job in jobs},
    )
    if worker.queue is None:  # in Redis, which does not answer
        return
    yield _gauge(
        "signupassist_queue_tasks", "Tasks that wait to be taken.", value=worker.queue.waiting
    )
    if worker.queue.oldest_seconds is not None or worker.queue.waiting == 0:
        yield _gauge(
            "signupassist_queue_oldest_seconds",
            "For how long the oldest of them has waited; not told while they wait in Redis.",
            value=worker.queue.oldest_seconds or 0,
        )


def _count(rows: QuerySet[Any], most: int = ENOUGH) -> int:
    """Return how many rows there are, at most so many."""
    number: int = rows.order_by().values("pk")[:most].count()
    return number


def _seconds(duration: timedelta) -> float:
    return max(duration.total_seconds(), 0)


def _gauge(
    name: str,
    says: str,
    labels: Sequence[str] = (),
    values: Mapping[Sequence[str], float] | None = None,
    *,
    value: float | None = None,
) -> Metric:
    gauge = GaugeMetricFamily(name, says, labels=labels or None, value=value)
    for given, one in (values or {}).items():
        gauge.add_metric(given, one)
    return gauge
