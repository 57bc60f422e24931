"""The timetable of the background jobs…"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.checks import run_checks
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler

from sessions_store import schedules
from sessions_store.checks import check_timetable
from sessions_store.schedules import Entry

pytestmark = pytest.mark.django_db

BROKEN: list[dict[str, Any]] = [
    {"cron": "every night"},
    {"cron": ""},
    {"cron": None},
    {"cron": "0 0 31 2 *"},  # a day that never comes
    {"schedule_type": "Z"},
    {"args": "no literal"},
    {"kwargs": "[1]"},
    {"kwargs": "{'q_options': 5}"},
]


@pytest.fixture
def planned() -> Iterator[None]:
    """Let a test plan what it likes."""
    before = schedules.timetable()
    yield
    schedules._timetable.clear()
    schedules._timetable.update(before)


def test_every_planned_job_has_a_schedule() -> None:
    rows = {row.name: (row.func, row.cron) for row in Schedule.objects.all()}

    assert rows == {one.name: (one.func, one.cron) for one in schedules.timetable().values()}
    assert {"beat", "cleanup_sessions"} <= set(rows)


def test_migrate_makes_what_was_planned_since(planned: None) -> None:
    schedules.plan(Entry("count_sheep", "sessions_store.tasks.beat", "5 * * * *"))

    schedules.ensure()

    assert Schedule.objects.get(name="count_sheep").next_run.minute == 5


@pytest.mark.django_db(transaction=True)
def test_a_broken_row_stops_all_the_others_until_it_is_set_aside() -> None:
    fine = {"func": "os.getcwd", "schedule_type": "C", "cron": "* * * * *"}
    for flaw in BROKEN:
        name = f"mine, with {flaw}"
        due = timezone.now() - timedelta(minutes=1)
        Schedule.objects.filter(name__in=schedules.timetable()).update(next_run=due)
        Schedule.objects.bulk_create([Schedule(name=name, next_run=due, **(fine | flaw))])
        scheduler()
        assert not OrmQ.objects.exists(), name  # the trap is still there

        assert schedules.mend() == [name]

        scheduler()
        assert OrmQ.objects.count() == len(schedules.timetable())
        assert Schedule.objects.get(name=name).repeats == 0
        assert schedules.mend() == []
        OrmQ.objects.all().delete()


@pytest.mark.parametrize("flaw", [*BROKEN, {"next_run": None}], ids=str)
def test_one_of_our_own_gets_its_usual_times_again(
    flaw: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    Schedule.objects.filter(name="cleanup_sessions").update(**flaw)

    with time_machine.travel("2026-07-14T12:00:00Z", tick=False):
        assert schedules.mend() == ["cleanup_sessions"]

    row = Schedule.objects.get(name="cleanup_sessions")
    assert (row.schedule_type, row.cron, row.repeats) == ("C", "0 2 * * *", -1)
    assert row.next_run.isoformat() == "2026-07-15T02:00:00+00:00"
    assert (row.args, row.kwargs) == (None, None)
    assert "The schedule 'cleanup_sessions' is broken" in caplog.text


def test_rows_that_work_are_left_as_they_are() -> None:
    Schedule.objects.create(name="mine", func="os.getcwd", kwargs="mode=1", args="1, 2")
    Schedule.objects.create(name="odd", func="os.getcwd", kwargs="what is this?")  # read as none
    before = list(Schedule.objects.order_by("pk").values())

    assert schedules.mend() == []
    assert list(Schedule.objects.order_by("pk").values()) == before


def test_check_names_a_broken_row() -> None:
    Schedule.objects.filter(name="beat").update(cron="often")

    (found,) = [one for one in run_checks(databases=["default"]) if one.id == "sessions_store.W001"]
    assert "'beat'" in found.msg
    call_command("check", "--database", "default")  # it is no reason not to migrate


@pytest.mark.once
def test_check_refuses_a_plan_that_cannot_be_kept(planned: None) -> None:
    assert check_timetable(None) == []

    schedules.plan(Entry("one", "sessions_store.tasks.beat", "0 25 * * *"))
    schedules.plan(Entry("two", "sessions_store.tasks.no_such_job", "0 2 * * *"))

    assert [one.id for one in check_timetable(None)] == [
        "sessions_store.E001",
        "sessions_store.E002",
    ]


@pytest.mark.once
@pytest.mark.parametrize("retry", [300, 200])
def test_check_refuses_to_hand_a_task_out_again_while_it_runs(settings: Any, retry: int) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"retry": retry}

    assert [one.id for one in check_timetable(None)] == ["sessions_store.E003"]
