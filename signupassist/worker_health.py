"""How the worker fares, told by what it leaves in the database: wherever it runs."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q
from django_q.models import OrmQ, Schedule

from sessions_store import jobs, schedules
from sessions_store.models import AgenticCheckoutSession, JobRun

logger = logging.getLogger(__name__)

LATE = timedelta(seconds=150)  # a beat is due every minute, and looked for every half
ABSENT = timedelta(minutes=10)
QUEUE_LATE = timedelta(seconds=90)
OVERDUE = timedelta(minutes=3)  # past the time of a schedule
CLEANUP_OVERDUE = timedelta(hours=26)  # one night and two hours
REDIS_SECONDS = 1.0

TROUBLE = {"failed", "died", "resting", "overdue", "missing"}
_BY_OUTCOME = {
    JobRun.Outcome.RUNNING: "running",
    JobRun.Outcome.DONE: "ok",
    JobRun.Outcome.FAILED: "failed",
    JobRun.Outcome.DIED: "died",
    JobRun.Outcome.REFUSED: "resting",
}


@dataclass(frozen=True)
class Queue:
    """What waits to be taken; with Redis nobody can tell since when."""

    waiting: int
    oldest_seconds: int | None


@dataclass(frozen=True)
class Job:
    """How a job's last run ended, or what keeps it from running."""

    state: str  # ok, running, waiting, paused, or one of the troubles above
    last_ended: datetime | None
    next_run: datetime | None


@dataclass(frozen=True)
class WorkerHealth:
    """The worker as seen from here, however many processes and machines it is made of."""

    state: str  # ok, late, absent, or starting: nobody could have seen a beat yet
    last_beat: int | None  # seconds ago
    queue: Queue | None  # None: it cannot be looked at
    jobs: Mapping[str, Job]
    cleanup_overdue: bool

    @property
    def is_well(self) -> bool:
        """Whether nobody needs to look after it."""
        return (
            self.state == "ok"
            and self.queue is not None
            and not self.cleanup_overdue
            and not self.troubles
        )

    @property
    def troubles(self) -> list[str]:
        """The jobs that somebody should look after."""
        return [name for name, job in self.jobs.items() if job.state in TROUBLE]

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is shown."""
        return asdict(self)


def look(
    at: datetime,
    *,
    watched_since: datetime | None = None,
    database: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> WorkerHealth:
    """Return how the worker fares at this time; asks the database, and Redis where it is the queue.

    `watched_since`: when whoever asks was started, most likely together with the worker. Until that
    had the time for a first beat, it is not called absent or late for the want of one.
    `database`: in what the database is asked, a transaction say; Redis was asked before that.
    """
    in_redis = _redis_queue() if settings.REDIS_URL else None
    with database():
        beat = jobs.last_sign_of_life(schedules.BEAT)
        queue = in_redis if settings.REDIS_URL else _database_queue(at)
        return WorkerHealth(
            state=_state(beat, queue, at, watched_since),
            last_beat=None if beat is None else max(int((at - beat).total_seconds()), 0),
            queue=queue,
            jobs=_jobs(at),
            cleanup_overdue=AgenticCheckoutSession.objects.expired(at - CLEANUP_OVERDUE).exists(),
        )


def _state(
    beat: datetime | None, queue: Queue | None, at: datetime, watched_since: datetime | None
) -> str:
    is_quiet = beat is None or at - beat > LATE
    if is_quiet and watched_since is not None and at - watched_since <= LATE:
        return "starting"
    if beat is None or at - beat > ABSENT:
        return "absent"
    waited = timedelta(seconds=(queue.oldest_seconds or 0) if queue else 0)
    return "late" if is_quiet or waited > QUEUE_LATE else "ok"


def _database_queue(at: datetime) -> Queue:
    # `lock` is when a row is due: it lies ahead while a worker has the task
    due = OrmQ.objects.filter(lock__lte=at).aggregate(waiting=Count("pk"), oldest=Min("lock"))
    oldest = due["oldest"]
    return Queue(due["waiting"], int((at - oldest).total_seconds()) if oldest else None)


def _redis_queue() -> Queue | None:
    import redis  # half a hundred modules, where they are needed
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    asked = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with asked:
            waiting: Any = asked.llen(f"django_q:{settings.Q_CLUSTER['name']}:q")
    except redis.RedisError as error:
        logger.error("The queue in Redis cannot be looked at: %s", type(error).__name__)
        return None
    return Queue(waiting, None)


def _jobs(at: datetime) -> dict[str, Job]:
    rows = {
        name: (repeats, next_run)
        for name, repeats, next_run in Schedule.objects.filter(
            name__in=schedules.timetable()
        ).values_list("name", "repeats", "next_run")
    }
    newest = list(
        JobRun.objects.values("job").annotate(
            last=Max("pk"), ended=Max("ended_at", filter=~Q(outcome=JobRun.Outcome.REFUSED))
        )
    )
    ended = {row["job"]: row["ended"] for row in newest}
    runs = {run.job: run for run in JobRun.objects.filter(pk__in=[row["last"] for row in newest])}
    return {
        name: Job(
            state=_job_state(rows.get(name), runs.get(name), at),
            last_ended=ended.get(name),
            next_run=rows[name][1] if name in rows else None,
        )
        for name in sorted(schedules.timetable())
    }


def _job_state(row: tuple[int, datetime | None] | None, run: JobRun | None, at: datetime) -> str:
    if row is None:
        return "missing"
    repeats, next_run = row
    if repeats == 0:
        return "paused"
    if next_run is None or at - next_run > OVERDUE:
        return "overdue"
    if run is None:
        return "waiting"
    if run.outcome == JobRun.Outcome.RUNNING and at - run.started_at >= jobs.patience():
        return "died"
    return _BY_OUTCOME[JobRun.Outcome(run.outcome)]
