"""What the web server tells of the worker…"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from pytest_django import DjangoAssertNumQueries

from sessions_store import schedules
from sessions_store.models import AgenticCheckoutSession, JobRun
from sessions_store.status import Status
from signupassist import health, worker_health
from tests.sessions_store.conftest import MakeSession

pytestmark = pytest.mark.django_db

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Outcome = JobRun.Outcome


def ran(job: str, at: datetime, outcome: Outcome = Outcome.DONE) -> JobRun:
    is_over = outcome != Outcome.RUNNING
    return JobRun.objects.create(
        job=job,
        outcome=outcome,
        host="h",
        process=7,
        started_at=at,
        ended_at=at + SECOND if is_over else None,
    )


@pytest.fixture
def at(noon: datetime) -> datetime:
    """A moment at which all is well: the beat came, and everything is due in the future."""
    Schedule.objects.update(next_run=noon + MINUTE)
    ran(schedules.BEAT, noon - 31 * SECOND)
    return noon


def state_of(job: str, at: datetime) -> str:
    return worker_health.look(at).jobs[job].state


def test_all_is_well_when_the_beat_came_and_nothing_waits(at: datetime) -> None:
    health = worker_health.look(at)

    assert (health.state, health.last_beat, health.cleanup_overdue) == ("ok", 30, False)
    assert health.queue == worker_health.Queue(waiting=0, oldest_seconds=None)
    assert set(health.jobs) == set(schedules.timetable())
    assert health.jobs["cleanup_sessions"].state == "waiting"  # for its first night
    assert health.is_well


@pytest.mark.parametrize(
    ("ago", "state"),
    [(MINUTE, "ok"), (149 * SECOND, "ok"), (151 * SECOND, "late"), (11 * MINUTE, "absent")],
)
def test_it_is_late_then_absent_when_beats_fail_to_come(
    at: datetime, ago: timedelta, state: str
) -> None:
    JobRun.objects.update(started_at=at - ago - SECOND, ended_at=at - ago)

    health = worker_health.look(at)

    assert (health.state, health.is_well) == (state, state == "ok")


def test_it_is_absent_when_it_never_gave_a_sign(at: datetime) -> None:
    JobRun.objects.all().delete()

    health = worker_health.look(at)

    assert (health.state, health.last_beat) == ("absent", None)


@pytest.mark.parametrize(
    ("watched_for", "beat_ago", "state"),
    [
        (0 * SECOND, None, "starting"),
        (149 * SECOND, None, "starting"),
        (151 * SECOND, None, "absent"),
        (MINUTE, 11 * MINUTE, "starting"),  # both were stopped for a while
        (151 * SECOND, 11 * MINUTE, "absent"),
        (MINUTE, 30 * SECOND, "ok"),
    ],
)
def test_it_is_starting_while_nobody_could_have_seen_a_beat(
    at: datetime, watched_for: timedelta, beat_ago: timedelta | None, state: str
) -> None:
    JobRun.objects.all().delete()
    if beat_ago is not None:
        ran(schedules.BEAT, at - beat_ago - SECOND)

    health = worker_health.look(at, watched_since=at - watched_for)

    assert (health.state, health.is_well) == (state, state == "ok")


def test_a_queue_that_stands_makes_it_late(at: datetime) -> None:
    for ago in (91, 20):
        OrmQ.objects.create(key="signupassist", payload="", lock=at - ago * SECOND)
    OrmQ.objects.create(key="signupassist", payload="", lock=at + HOUR)  # a worker has it

    health = worker_health.look(at)

    assert health.queue == worker_health.Queue(waiting=2, oldest_seconds=91)
    assert health.state == "late"


@pytest.mark.parametrize(
    ("outcome", "ago", "state", "is_well"),
    [
        (Outcome.DONE, HOUR, "ok", True),
        (Outcome.RUNNING, MINUTE, "running", True),
        (Outcome.RUNNING, 6 * MINUTE, "died", False),  # though nobody has marked it yet
        (Outcome.DIED, HOUR, "died", False),
        (Outcome.FAILED, HOUR, "failed", False),
        (Outcome.REFUSED, HOUR, "resting", False),
    ],
)
def test_a_job_is_told_by_its_last_run(
    at: datetime, outcome: Outcome, ago: timedelta, state: str, is_well: bool
) -> None:
    ran("cleanup_sessions", at - 24 * HOUR, Outcome.DONE if not is_well else Outcome.DIED)
    ran("cleanup_sessions", at - ago, outcome)

    assert state_of("cleanup_sessions", at) == state
    assert worker_health.look(at).is_well == is_well


def test_a_job_tells_when_a_run_of_it_last_ended(at: datetime) -> None:
    ran("cleanup_sessions", at - 2 * HOUR)
    ran("cleanup_sessions", at - HOUR, Outcome.REFUSED)
    ran("cleanup_sessions", at, Outcome.RUNNING)

    assert worker_health.look(at).jobs["cleanup_sessions"].last_ended == at - 2 * HOUR + SECOND


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"next_run": None}, "overdue"),
        ({"repeats": 0}, "paused"),
    ],
)
def test_a_schedule_that_does_not_ring_is_told(
    at: datetime, change: dict[str, Any], state: str
) -> None:
    ran("cleanup_sessions", at - HOUR)
    Schedule.objects.filter(name="cleanup_sessions").update(**change)

    assert state_of("cleanup_sessions", at) == state


def test_schedules_that_stand_still_are_overdue_and_lost_ones_missing(at: datetime) -> None:
    Schedule.objects.filter(name="cleanup_sessions").update(next_run=at - 4 * MINUTE)
    assert state_of("cleanup_sessions", at) == "overdue"

    Schedule.objects.filter(name="cleanup_sessions").delete()
    assert state_of("cleanup_sessions", at) == "missing"


def test_sessions_that_should_be_gone_are_told(at: datetime, make_session: MakeSession) -> None:
    make_session(at=at - 100 * HOUR, status=Status.SUBMITTING)
    session = make_session(at=at - 24 * HOUR)
    for expired, overdue in ((at - 25 * HOUR, False), (at - 27 * HOUR, True)):
        AgenticCheckoutSession.objects.filter(pk=session.pk).update(
            created_at=expired - 24 * HOUR, expires_at=expired
        )
        health = worker_health.look(at)
        assert (health.cleanup_overdue, health.is_well) == (overdue, not overdue)


def test_it_takes_few_questions_whatever_there_is(
    at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name in schedules.timetable():
        for minute in range(5):
            ran(name, at - minute * MINUTE)

    with django_assert_num_queries(6):
        worker_health.look(at)


def test_readyz_shows_it_and_stays_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STARTED", timezone.now() - HOUR)
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    worker = answer.json()["checks"]["worker"]
    assert (worker["state"], worker["last_beat"]) == ("absent", None)
    assert answer.json()["to_do"] == ["Start the worker: python -m signupassist.worker"]
    assert worker["queue"] == {"waiting": 0, "oldest_seconds": None}
    assert worker["cleanup_overdue"] is False
    job = worker["jobs"]["cleanup_sessions"]
    assert (job["state"], job["last_ended"]) == ("waiting", None)
    assert job["next_run"].endswith("T02:00:00Z")


def test_readyz_is_ok_with_a_beat(client: Client) -> None:
    ran(schedules.BEAT, timezone.now())
    Schedule.objects.update(next_run=timezone.now())

    assert client.get("/readyz").json()["status"] == "ok"


def test_readyz_says_nothing_of_what_cannot_be_read(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(at: datetime, **_: Any) -> Any:
        raise OperationalError("canary: host and user of the database")

    refuse: Callable[..., Any] = gone
    monkeypatch.setattr(worker_health, "look", refuse)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]["worker"]) == (200, None)
    assert answer.json()["status"] == "degraded"
    assert "canary" not in answer.text + caplog.text
