"""A background job…"""

import logging
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django_q.exceptions import TimeoutException

from sessions_store import jobs
from sessions_store.jobs import JobFailedError, job
from sessions_store.models import JobRun

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)


@job("sums", rest=HOUR)
def divide(one: int, by: int) -> str:
    """Return a sum in words."""
    return f"it makes {one // by}"


def was(outcome: JobRun.Outcome, at: datetime, *, until: datetime | None = None) -> JobRun:
    """Return the record of an earlier run."""
    return JobRun.objects.create(
        job="sums", outcome=outcome, host="h", process=7, started_at=at, ended_at=until
    )


def died(*ago: timedelta, at: datetime = NOON) -> None:
    for one in ago:
        was(JobRun.Outcome.DIED, at - one, until=at - one + 5 * MINUTE)


def try_at(at: datetime) -> str:
    with time_machine.travel(at, tick=False):
        return divide(6, by=3)


def outcomes() -> list[str]:
    return list(JobRun.objects.order_by("pk").values_list("outcome", flat=True))


def test_writes_down_when_it_ran_and_how_it_ended() -> None:
    said = try_at(NOON)

    run = JobRun.objects.get()
    assert (said, run.job, run.outcome, run.detail) == ("it makes 2", "sums", "done", said)
    assert (run.started_at, run.ended_at) == (NOON, NOON)
    assert run.host
    assert run.process


def test_is_on_record_while_it_runs() -> None:
    seen: list[str] = []

    @job("looks", rest=HOUR)
    def look() -> str:
        seen.extend(outcomes())
        return ""

    look()

    assert seen == ["running"]
    assert outcomes() == ["done"]


def test_fails_with_the_place_of_the_error_and_never_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @job("sums", rest=HOUR)
    def reveal() -> str:
        raise ValueError("canary: what a parent typed")

    with pytest.raises(JobFailedError) as failed:
        reveal()

    run = JobRun.objects.get()
    assert (run.outcome, run.ended_at is not None) == ("failed", True)
    assert run.detail.startswith("ValueError at tests/worker/test_run_a_job.py:")
    assert str(failed.value) == f"sums: {run.detail}"
    assert failed.value.__suppress_context__
    assert "canary" not in caplog.text
    assert run.detail in caplog.text


def test_dies_when_the_queue_says_that_its_time_is_up() -> None:
    @job("sums", rest=HOUR)
    def oversleep() -> str:
        raise TimeoutException

    with pytest.raises(TimeoutException):
        oversleep()

    assert JobRun.objects.values_list("outcome", "detail").get() == ("died", "its time was up")


@pytest.mark.parametrize(("minutes", "found"), [(5, "running"), (6, "died")])
def test_notices_a_run_that_must_have_died(
    minutes: int, found: str, caplog: pytest.LogCaptureFixture
) -> None:
    was(JobRun.Outcome.RUNNING, NOON - minutes * MINUTE)

    try_at(NOON)

    assert outcomes() == [found, "done"]
    assert ("died" in caplog.text) == (found == "died")


def test_counts_a_run_as_dead_before_its_task_is_handed_out_again() -> None:
    assert timedelta(seconds=300) < jobs.patience() < timedelta(seconds=360)


def test_is_left_alone_after_three_deaths_in_a_row_with_an_alarm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    died(30 * MINUTE, 20 * MINUTE, 10 * MINUTE)

    said = try_at(NOON)
    try_at(NOON + MINUTE)

    assert said == "refused: its last 3 runs died; it rests until 2026-07-14 12:55 UTC"
    assert outcomes() == ["died", "died", "died", "refused"]  # one line however often
    alarms = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert [one.getMessage().partition(":")[0] for one in alarms] == ["ALARM", "ALARM"]


def test_runs_again_when_it_has_rested() -> None:
    died(30 * MINUTE, 20 * MINUTE, 10 * MINUTE)
    was(JobRun.Outcome.REFUSED, NOON, until=NOON)

    assert try_at(NOON + 54 * MINUTE).startswith("refused")
    assert try_at(NOON + 56 * MINUTE) == "it makes 2"
    assert try_at(NOON + 57 * MINUTE) == "it makes 2"


def test_tries_one_at_a_time_after_its_rest() -> None:
    died(120 * MINUTE, 110 * MINUTE, 100 * MINUTE)
    was(JobRun.Outcome.RUNNING, NOON - MINUTE)

    assert try_at(NOON).startswith("refused")


def test_rests_again_when_it_dies_after_its_rest() -> None:
    died(120 * MINUTE, 110 * MINUTE, 100 * MINUTE)
    was(JobRun.Outcome.RUNNING, NOON - 6 * MINUTE)

    assert try_at(NOON).endswith("it rests until 2026-07-14 13:00 UTC")


@pytest.mark.parametrize("between", [JobRun.Outcome.DONE, JobRun.Outcome.FAILED])
def test_is_forgiven_deaths_that_are_not_in_a_row(between: JobRun.Outcome) -> None:
    died(40 * MINUTE, 30 * MINUTE)
    was(between, NOON - 20 * MINUTE, until=NOON - 20 * MINUTE)
    died(10 * MINUTE)

    assert try_at(NOON) == "it makes 2"


def test_is_not_held_up_by_another_that_dies() -> None:
    died(30 * MINUTE, 20 * MINUTE, 10 * MINUTE)
    JobRun.objects.update(job="another")

    assert try_at(NOON) == "it makes 2"


def test_tells_its_end_even_when_it_was_taken_for_dead() -> None:
    run = jobs.begin("sums", rest=HOUR, at=NOON)
    jobs.note_deaths("sums", at=NOON + HOUR)

    jobs.end(run, JobRun.Outcome.DONE, "late, but whole", at=NOON + HOUR)

    assert outcomes() == ["done"]


def test_keeps_its_last_runs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "RUNS_KEPT", 3)
    other = JobRun.objects.create(job="another", host="h", process=7, started_at=NOON)

    for minute in range(6):
        try_at(NOON + minute * MINUTE)

    own = JobRun.objects.filter(job="sums").order_by("pk")
    assert [run.started_at for run in own] == [NOON + minute * MINUTE for minute in (2, 3, 4, 5)]
    assert JobRun.objects.filter(pk=other.pk).exists()
