"""The nightly clean-up's schedule…"""

import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Success, Task
from django_q.scheduler import scheduler

from audit.models import MandateAudit
from sessions_store import schedules
from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import Status
from tests.sessions_store.conftest import MakeSession, command


def the_schedule() -> Schedule:
    return Schedule.objects.get(name="cleanup_sessions")


@pytest.mark.django_db
def test_is_there_after_migrate() -> None:
    schedule = the_schedule()

    assert schedule.func == "sessions_store.tasks.forget_expired_sessions"
    assert (schedule.schedule_type, schedule.cron) == (Schedule.CRON, "0 2 * * *")
    assert schedule.repeats == -1
    assert (schedule.args, schedule.kwargs, schedule.hook) == (None, None, None)


@pytest.mark.django_db
def test_rings_first_at_the_next_two_o_clock() -> None:
    Schedule.objects.all().delete()
    before = timezone.now()

    schedules.ensure()

    next_run = the_schedule().next_run
    assert before < next_run <= before + timedelta(days=1)
    assert next_run == next_run.astimezone(UTC).replace(hour=2, minute=0, second=0, microsecond=0)


@pytest.mark.once
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-07-14T00:00:00+00:00", "2026-07-14T02:00:00+00:00"),
        ("2026-07-14T01:59:59.999999+00:00", "2026-07-14T02:00:00+00:00"),
        ("2026-07-14T02:00:00+00:00", "2026-07-15T02:00:00+00:00"),
        ("2026-12-31T23:00:00+00:00", "2027-01-01T02:00:00+00:00"),
        ("2026-07-14T23:30:00-05:00", "2026-07-16T02:00:00+00:00"),
        ("2026-03-29T03:30:00+02:00", "2026-03-29T02:00:00+00:00"),
    ],
)
def test_goes_by_the_clock_of_greenwich(now: str, expected: str) -> None:
    found = schedules.next_time("0 2 * * *", datetime.fromisoformat(now))

    assert found.isoformat() == expected


@pytest.mark.django_db
def test_is_what_django_q_comes_to_by_itself(noon: datetime) -> None:
    with time_machine.travel(noon, tick=False):
        following = the_schedule().calculate_next_run()

    assert following == schedules.next_time("0 2 * * *", noon)


@pytest.mark.django_db(transaction=True)
def test_is_made_once_and_left_as_an_operator_set_it(noon: datetime) -> None:
    before = Schedule.objects.count()
    Schedule.objects.filter(name="cleanup_sessions").update(cron="30 3 * * *", next_run=noon)

    call_command("migrate", verbosity=0, interactive=False)

    schedule = the_schedule()
    assert (schedule.cron, schedule.next_run) == ("30 3 * * *", noon)
    assert Schedule.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_does_not_ring_before_its_time(make_session: MakeSession) -> None:
    Schedule.objects.update(next_run=timezone.now() + timedelta(minutes=1))

    scheduler()

    assert not OrmQ.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rings_and_a_real_worker_deletes_what_is_due(make_session: MakeSession) -> None:
    long_ago = timezone.now() - timedelta(days=3)
    for _ in range(3):
        make_session(at=long_ago)
    kept = {
        make_session(at=timezone.now()).pk,
        make_session(at=long_ago, status=Status.SUBMITTING).pk,
    }
    Schedule.objects.exclude(name="cleanup_sessions").delete()
    Schedule.objects.update(next_run=long_ago)

    scheduler()
    assert OrmQ.objects.count() == 1
    run_the_worker_once()

    assert set(AgenticCheckoutSession.objects.values_list("pk", flat=True)) == kept
    task = Success.objects.get()
    assert (task.func, task.result) == (
        "sessions_store.tasks.forget_expired_sessions",
        "3 deleted, 0 left",
    )
    assert not OrmQ.objects.exists()
    row = MandateAudit.objects.get(action="sessions_expired")
    assert (row.metadata["deleted"], row.metadata["by_status"]) == (3, {"open": 3})
    assert the_schedule().next_run > timezone.now()  # once, however many nights were missed


def run_the_worker_once() -> None:
    """Let a worker of its own process take one task; nothing of it is left afterwards."""
    words, env = command("qcluster", "--run-once")
    worker = subprocess.Popen(
        words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while not Task.objects.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        output, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0, output.decode()
    finally:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
