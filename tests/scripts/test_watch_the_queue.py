"""The watch on the task queue…"""

import subprocess
import sys
import time
from datetime import datetime, timedelta

import pytest
from django_q.models import OrmQ, Schedule

from sessions_store import jobs
from sessions_store.models import JobRun
from signupassist.queue_watch import QueueWatch, is_working

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
RETRY = timedelta(seconds=360)


def queue(due: datetime) -> OrmQ:
    row: OrmQ = OrmQ.objects.create(key="signupassist", payload="", lock=due)
    return row


def take(row: OrmQ, at: datetime) -> None:
    OrmQ.objects.filter(pk=row.pk).update(lock=at + RETRY)


def test_finds_it_stuck_when_a_due_task_is_not_taken(noon: datetime) -> None:
    watch = QueueWatch(noon)
    queue(noon + 10 * MINUTE)

    assert not watch.is_stuck(is_working=False, at=noon + 10 * MINUTE)
    assert not watch.is_stuck(is_working=False, at=noon + 11 * MINUTE)
    assert watch.is_stuck(is_working=False, at=noon + 12 * MINUTE)


def test_is_content_with_an_empty_queue(noon: datetime) -> None:
    assert not QueueWatch(noon).is_stuck(is_working=False, at=noon + 60 * MINUTE)


def test_leaves_a_long_queue_alone_while_it_moves(noon: datetime) -> None:
    watch = QueueWatch(noon)
    rows = [queue(noon) for _ in range(6)]

    for minute, row in enumerate(rows[:-1]):
        take(row, noon + minute * MINUTE)
        assert not watch.is_stuck(is_working=False, at=noon + minute * MINUTE)


def test_leaves_a_long_task_alone(noon: datetime) -> None:
    watch = QueueWatch(noon)
    take(queue(noon), noon)
    queue(noon)

    for minute in range(6):
        assert not watch.is_stuck(is_working=True, at=noon + minute * MINUTE)


def test_is_not_lulled_by_new_tasks_that_nobody_takes(noon: datetime) -> None:
    watch = QueueWatch(noon)
    found = []
    for minute in range(4):
        queue(noon + minute * MINUTE)
        found.append(watch.is_stuck(is_working=False, at=noon + minute * MINUTE))

    assert found == [False, False, True, True]


def test_is_not_lulled_by_a_failed_task_that_waits_for_its_retry(noon: datetime) -> None:
    watch = QueueWatch(noon)
    take(queue(noon), noon)
    queue(noon)

    found = [watch.is_stuck(is_working=False, at=noon + n * MINUTE) for n in range(4)]

    assert found == [False, False, True, True]


@pytest.mark.parametrize(
    ("minutes", "is_working", "is_new", "found"),
    [
        (6, False, False, True),
        (4, False, False, False),
        (6, True, False, False),
        (6, False, True, False),
    ],
)
def test_asks_for_a_new_worker_when_no_beat_comes(
    noon: datetime, minutes: int, is_working: bool, is_new: bool, found: bool
) -> None:
    jobs.end(
        jobs.begin("beat", rest=MINUTE, at=noon - minutes * MINUTE - RETRY),
        JobRun.Outcome.DONE,
        "alive",
        at=noon - minutes * MINUTE,
    )
    up_for = MINUTE if is_new else 60 * MINUTE

    trouble = QueueWatch(noon).trouble(is_working=is_working, up_for=up_for, at=noon)

    assert trouble == ("the worker has given no sign of life for a while" if found else None)


@pytest.mark.parametrize(("repeats", "found"), [(-1, True), (0, False)])
def test_misses_no_beat_that_an_operator_has_switched_off(
    noon: datetime, repeats: int, found: bool
) -> None:
    Schedule.objects.filter(name="beat").update(repeats=repeats)

    trouble = QueueWatch(noon).trouble(is_working=False, up_for=60 * MINUTE, at=noon)

    assert bool(trouble) == found


def test_gives_a_new_worker_time_to_take_what_waits(noon: datetime) -> None:
    watch = QueueWatch(noon - 3 * MINUTE)
    queue(noon - 3 * MINUTE)
    watch.trouble(is_working=False, up_for=0 * MINUTE, at=noon - 3 * MINUTE)

    assert not watch.trouble(is_working=False, up_for=MINUTE, at=noon)
    assert watch.trouble(is_working=False, up_for=2 * MINUTE, at=noon) == (
        "tasks are waiting and the worker takes none"
    )


@pytest.mark.once
@pytest.mark.skipif(sys.platform != "linux", reason="titles are read from /proc")
def test_sees_a_task_in_the_title_of_a_process_of_that_group_alone() -> None:
    code = "import setproctitle, time; setproctitle.setproctitle({!r}); time.sleep(60)"
    title = "qcluster Process-1 processing alpha-beta 'sessions_store.tasks.forget'"
    commands = [[sys.executable, "-c", code.format(name)] for name in (title, "qcluster x idle")]
    busy, idle = (subprocess.Popen(command, start_new_session=True) for command in commands)
    try:
        deadline = time.monotonic() + 20
        while not is_working(busy.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert is_working(busy.pid)
        assert not is_working(idle.pid)
    finally:
        for process in (busy, idle):
            process.kill()
            process.wait()
