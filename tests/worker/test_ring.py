"""A real worker, left alone with its timetable and its troubles…"""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task
from django_q.tasks import async_task

from audit.models import MandateAudit
from sessions_store.models import AgenticCheckoutSession, JobRun
from tests.sessions_store.conftest import MakeSession
from tests.worker import cluster, deeds

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc"),
    pytest.mark.django_db(transaction=True),
]

DAYS_AGO = timedelta(days=5)


def outcomes(job: str) -> list[str]:
    """Return how the job's runs ended, oldest first."""
    return list(JobRun.objects.filter(job=job).order_by("pk").values_list("outcome", flat=True))


def test_rings_catches_up_once_and_is_stopped_by_nothing(
    tmp_path: Path, make_session: MakeSession, client: Client
) -> None:
    missed_nights_and_a_broken_row(make_session)
    async_task(deeds.die)
    async_task(deeds.fail)
    async_task(deeds.oversleep)
    async_task(deeds.die_once, str(tmp_path / "marker"))

    with cluster.running(tmp_path) as worker:
        assert client.get("/readyz").json()["checks"]["worker"]["state"] in {"starting", "absent"}
        worker.wait_for(lambda: "refused" in outcomes("dies"), "the alarm")
        worker.wait_for(lambda: "done" in outcomes("beat"), "a beat")
        worker.wait_for(lambda: "done" in outcomes("cleanup_sessions"), "the clean-up")
        worker.wait_for(lambda: not OrmQ.objects.exists(), "an empty queue")

        the_dying_job_is_left_alone_with_an_alarm(worker)
        the_killed_task_was_taken_up_again()
        the_failing_one_was_given_up()
        the_long_one_was_stopped()
        the_missed_nights_were_caught_up_once()
        the_broken_row_is_set_aside(worker)
        the_web_server_can_tell(client)
        assert worker.stop() == 0
        assert worker.everything() == set()


def missed_nights_and_a_broken_row(make_session: MakeSession) -> None:
    long_ago = timezone.now() - DAYS_AGO
    for _ in range(3):
        make_session(at=long_ago)
    Schedule.objects.filter(name__in=["beat", "cleanup_sessions"]).update(next_run=long_ago)
    mine = {"func": "os.getcwd", "schedule_type": Schedule.CRON, "next_run": long_ago}
    Schedule.objects.bulk_create([Schedule(name="mine", cron="every night", **mine)])


def the_dying_job_is_left_alone_with_an_alarm(worker: cluster.Worker) -> None:
    assert outcomes("dies") == ["died", "died", "died", "refused"]
    assert "ALARM: the job dies is not run: its last 3 runs died; it rests until" in worker.log


def the_killed_task_was_taken_up_again() -> None:
    assert outcomes("dies once") == ["died", "done"]


def the_failing_one_was_given_up() -> None:
    assert outcomes("fails") == ["failed", "failed", "failed"]


def the_long_one_was_stopped() -> None:
    assert "done" not in outcomes("oversleeps")
    details = JobRun.objects.filter(job="oversleeps").values_list("detail", flat=True)
    assert "its time was up" in details


def the_missed_nights_were_caught_up_once() -> None:
    assert outcomes("cleanup_sessions") == ["done"]
    assert Task.objects.filter(func="sessions_store.tasks.forget_expired_sessions").count() == 1
    assert Schedule.objects.get(name="cleanup_sessions").next_run > timezone.now()
    assert not AgenticCheckoutSession.objects.exists()
    assert MandateAudit.objects.get(action="sessions_expired").metadata["deleted"] == 3


def the_broken_row_is_set_aside(worker: cluster.Worker) -> None:
    assert Schedule.objects.get(name="mine").repeats == 0
    assert "The schedule 'mine' is broken" in worker.log


def the_web_server_can_tell(client: Client) -> None:
    worker = client.get("/readyz").json()["checks"]["worker"]

    assert (worker["state"], worker["queue"]) == ("ok", {"waiting": 0, "oldest_seconds": None})
    assert worker["last_beat"] < 60
    assert worker["jobs"]["cleanup_sessions"]["state"] == "ok"
