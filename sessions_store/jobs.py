"""Background jobs that tell how they fared: each run is written down when it begins and when it ends.

The queue knows nothing of a run whose process was killed, and hands it out again for ever. Here such a
run is one without an end; a job whose runs keep dying is left alone for a while, with an alarm.
"""

import logging
import os
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Max
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django_q.exceptions import TimeoutException

from sessions_store.models import JobRun

logger = logging.getLogger(__name__)

DEATHS_ALLOWED = 3  # in a row; after these the job rests
RUNS_KEPT = 200  # of each job

_Outcome = JobRun.Outcome
_ENDED = (_Outcome.DONE, _Outcome.FAILED, _Outcome.DIED)
_HOME = Path(__file__).resolve().parent.parent

P = ParamSpec("P")


class JobFailedError(Exception):
    """A job failed: what kind of error and where, without the data it happened to."""


def job(name: str, *, rest: timedelta) -> Callable[[Callable[P, str]], Callable[P, str]]:
    """Make a function that returns a line for operators a background job.

    The job raises `JobFailedError` for any error of the function, so that the queue tries it again.
    When its last three runs died it is refused until `rest` has passed since the last of them; a
    refused run returns normally, so that the queue forgets it.
    """

    def wrap(deed: Callable[P, str]) -> Callable[P, str]:
        @wraps(deed)
        def run(*args: P.args, **kwargs: P.kwargs) -> str:
            record = begin(name, rest=rest, at=timezone.now())
            if record.outcome == _Outcome.REFUSED:
                return f"refused: {record.detail}"
            try:
                said = deed(*args, **kwargs)
            except TimeoutException:
                end(record, _Outcome.DIED, "its time was up", at=timezone.now())
                raise
            except Exception as error:  # noqa: BLE001  written down and raised anew
                what = _describe(error)
                logger.error("The job %s failed: %s", name, what)
                if not connection.in_atomic_block:
                    close_old_connections()  # should the connection be what is broken
                with suppress(DatabaseError):  # then it will count as a run that died
                    end(record, _Outcome.FAILED, what, at=timezone.now())
                raise JobFailedError(f"{name}: {what}") from None
            end(record, _Outcome.DONE, said, at=timezone.now())
            return said

        return run

    return wrap


def begin(name: str, *, rest: timedelta, at: datetime) -> JobRun:
    """Return the record of a run that begins now, or of one that is refused."""
    note_deaths(name, at=at)
    _forget_old_runs(name)
    if until := _resting_until(name, rest=rest, at=at):
        return _refuse(name, until=until, at=at)
    return JobRun.objects.create(
        job=name, host=socket.gethostname()[:100], process=os.getpid(), started_at=at
    )


def end(record: JobRun, outcome: JobRun.Outcome, detail: str, *, at: datetime) -> None:
    """Write down how a run ended, also one that was taken for dead: it knows better."""
    record.outcome, record.detail, record.ended_at = outcome, detail[:200], at
    record.save(update_fields=["outcome", "detail", "ended_at"])


def patience() -> timedelta:
    """Return after how long a run without an end has died.

    The queue stops a run after `timeout` and hands its task out again after `retry`; half-way between,
    so that the run before is known to be dead when the next one begins.
    """
    return timedelta(seconds=(settings.Q_CLUSTER["timeout"] + settings.Q_CLUSTER["retry"]) / 2)


def note_deaths(name: str, *, at: datetime) -> None:
    """Mark the job's runs that must have died, and say so."""
    running = JobRun.objects.filter(job=name, outcome=_Outcome.RUNNING)
    for record in running.filter(started_at__lte=at - patience()):
        detail = "its process ended without a word"
        changed = running.filter(pk=record.pk).update(
            outcome=_Outcome.DIED, detail=detail, ended_at=at
        )
        if changed:
            logger.error(
                "The job %s, begun at %s by process %d on %s, died",
                name,
                record.started_at.isoformat(timespec="seconds"),
                record.process,
                record.host,
            )


def last_sign_of_life(name: str) -> datetime | None:
    """Return when the job last began or ended."""
    newest = JobRun.objects.filter(job=name).aggregate(
        newest=Max(Greatest("started_at", Coalesce("ended_at", "started_at")))
    )
    last: datetime | None = newest["newest"]
    return last


def _resting_until(name: str, *, rest: timedelta, at: datetime) -> datetime | None:
    """Return until when the job is left alone, or None when it may run.

    After its rest one run at a time may try.
    """
    own = JobRun.objects.filter(job=name)
    last = own.filter(outcome__in=_ENDED).order_by("-started_at", "-pk")[:DEATHS_ALLOWED]
    ends = [(run.outcome, run.ended_at or run.started_at) for run in last]
    if len(ends) < DEATHS_ALLOWED or {outcome for outcome, _ in ends} != {_Outcome.DIED}:
        return None
    until = max(ended_at for _, ended_at in ends) + rest
    if until > at:
        return until
    trial = own.filter(outcome=_Outcome.RUNNING).order_by("-started_at").first()
    return trial.started_at + patience() if trial else None


def _refuse(name: str, *, until: datetime, at: datetime) -> JobRun:
    """Return the record of the refusals since the last run: one, however many there are."""
    detail = f"its last {DEATHS_ALLOWED} runs died; it rests until {until:%Y-%m-%d %H:%M} UTC"
    logger.error("ALARM: the job %s is not run: %s", name, detail)
    newest = JobRun.objects.filter(job=name).order_by("-started_at", "-pk").first()
    if newest is None or newest.outcome != _Outcome.REFUSED:
        newest = JobRun(
            job=name,
            outcome=_Outcome.REFUSED,
            host=socket.gethostname()[:100],
            process=os.getpid(),
            started_at=at,
        )
    newest.detail, newest.ended_at = detail, at
    newest.save()
    return newest


def _forget_old_runs(name: str) -> None:
    runs = JobRun.objects.filter(job=name).order_by("-pk").values_list("pk", flat=True)
    if oldest_kept := runs[RUNS_KEPT - 1 : RUNS_KEPT].first():
        JobRun.objects.filter(job=name, pk__lt=oldest_kept).delete()


def _describe(error: Exception) -> str:
    """Return the kind of an error and where in our code it came up; its text may hold people's data."""
    kind = type(error).__name__
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_HOME) and "site-packages" not in path.parts:
            return f"{kind} at {path.relative_to(_HOME)}:{frame.lineno}"
    return kind
