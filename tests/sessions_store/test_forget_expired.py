"""Forgetting expired sessions…"""

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from audit import services as audit
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from sessions_store import forgetting, services, tasks
from sessions_store.forgetting import Forgotten
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from sessions_store.status import Status
from tests.sessions_store.conftest import MakeSession, batches, command, left

LONG_AGO = timedelta(days=3)


@pytest.fixture
def tomorrow(noon: datetime) -> datetime:
    """The moment at which sessions of noon are past their time."""
    return noon + timedelta(hours=24)


@pytest.fixture
def make_many(parent: User, noon: datetime) -> Callable[[int], None]:
    """Return a function that begins so many of the parent's sessions before noon, one turn each."""

    def make(number: int) -> None:
        starts = [noon - timedelta(seconds=1 + second) for second in range(number)]
        sessions = AgenticCheckoutSession.objects.bulk_create(
            services.new(user_id=parent.pk, step="login", state={}, at=at) for at in starts
        )
        SessionTurn.objects.bulk_create(
            SessionTurn(session=session, seq=1, token=uuid4(), intent="start")
            for session in sessions
        )

    return make


def test_deletes_them_with_their_turns_and_no_others(
    make_session: MakeSession, noon: datetime, tomorrow: datetime
) -> None:
    make_session()
    make_session(status=Status.COMPLETED)
    make_session(status=Status.CANCELLED)
    kept = make_session(at=noon + timedelta(microseconds=1))

    done = forgetting.forget_expired(at=tomorrow)

    assert (done.deleted, done.remaining, done.is_complete) == (3, 0, True)
    assert left() == {kept.pk}
    assert SessionTurn.objects.get().session_id == kept.pk


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.OUTCOME_UNKNOWN])
def test_never_deletes_what_owes_an_answer(
    make_session: MakeSession, tomorrow: datetime, status: Status
) -> None:
    kept = make_session(status=status)

    done = forgetting.forget_expired(at=tomorrow + timedelta(days=365))

    assert done == Forgotten()
    assert left() == {kept.pk}
    assert SessionTurn.objects.exists()


def test_leaves_a_turn_to_its_end(make_session: MakeSession, tomorrow: datetime) -> None:
    until = tomorrow + timedelta(seconds=60)
    at_work = make_session(turn_token=uuid4(), turn_until=until)
    make_session(turn_token=uuid4(), turn_until=tomorrow)  # its lease ran out

    first = forgetting.forget_expired(at=tomorrow)
    assert (first.deleted, left()) == (1, {at_work.pk})

    assert forgetting.forget_expired(at=until).deleted == 1
    assert left() == set()


def test_records_each_batch(make_session: MakeSession, tomorrow: datetime) -> None:
    for _ in range(3):
        make_session()
    for _ in range(2):
        make_session(status=Status.CANCELLED)

    forgetting.forget_expired(at=tomorrow, batch_size=2)

    told = batches()
    assert [one["deleted"] for one in told] == [2, 2, 1]
    assert len({one["run_id"] for one in told}) == 1
    by_status = [one["by_status"] for one in told]
    assert sum(one.get("open", 0) for one in by_status) == 3
    assert sum(one.get("cancelled", 0) for one in by_status) == 2
    rows = MandateAudit.objects.filter(action="sessions_expired")
    assert set(rows.values_list("user_id", "actor", "session_id")) == {(None, "system", None)}


def test_records_nothing_where_nothing_is_due(make_session: MakeSession, noon: datetime) -> None:
    make_session()

    assert forgetting.forget_expired(at=noon) == Forgotten()
    assert batches() == []


def test_undoes_a_batch_that_cannot_be_recorded(
    make_session: MakeSession, tomorrow: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        make_session()
    really, calls = audit.record, []

    def refuse_the_second(**told: Any) -> Any:
        calls.append(told)
        if len(calls) == 2:
            raise AuditUnavailableError("the audit ledger cannot be written")
        return really(**told)

    monkeypatch.setattr(forgetting, "record", refuse_the_second)

    with pytest.raises(AuditUnavailableError):
        forgetting.forget_expired(at=tomorrow, batch_size=1)

    assert len(left()) == 2
    assert SessionTurn.objects.count() == 2
    assert len(batches()) == 1


def test_stops_when_its_time_is_over_and_goes_on_at_the_next_run(
    make_session: MakeSession, tomorrow: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        make_session()
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda _: None)
    monkeypatch.setattr("sessions_store.forgetting.time", clock)

    def spend(_: int) -> None:
        now[0] += 100

    run = partial(forgetting.forget_expired, at=tomorrow, batch_size=1, max_seconds=240)
    first = run(after_batch=spend)
    second = run(after_batch=spend)

    assert (first.deleted, first.remaining, first.is_complete) == (3, 2, False)
    assert (second.deleted, second.remaining, second.is_complete) == (2, 0, True)


@pytest.mark.parametrize(("times", "deleted"), [(1, 2), (2, 0)])
def test_tries_a_batch_again_that_a_last_turn_came_into(
    make_session: MakeSession,
    tomorrow: datetime,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    deleted: int,
) -> None:
    for _ in range(2):
        make_session()
    really, calls = forgetting._forget_batch, []

    def come_in_between(*args: Any, **told: Any) -> Any:
        calls.append(told)
        done = really(*args, **told)
        if len(calls) <= times:
            raise IntegrityError("a turn of a session that is not there")
        return done

    monkeypatch.setattr(forgetting, "_forget_batch", come_in_between)

    with nullcontext() if deleted else pytest.raises(IntegrityError):
        forgetting.forget_expired(at=tomorrow)

    assert sum(one["deleted"] for one in batches()) == 2 - len(left()) == deleted


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_deletes_each_session_once(
    make_session: MakeSession, tomorrow: datetime
) -> None:
    for _ in range(40):
        make_session()

    def run(_: int) -> int:
        with closing(connection):
            return forgetting.forget_expired(at=tomorrow, batch_size=3).deleted

    with ThreadPoolExecutor(4) as pool:
        deleted = sum(pool.map(run, range(4)))

    assert (deleted, left()) == (40, set())
    assert sum(one["deleted"] for one in batches()) == 40
    assert sum(one["by_status"]["open"] for one in batches()) == 40


def test_makes_batches_that_take_a_moment(
    make_many: Callable[[int], None], tomorrow: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_many(3_000)
    now: list[float] = [0.0]
    sizes: list[int] = []
    really = forgetting._forget_batch
    moment, first = forgetting.PACES[connection.vendor].batch, forgetting.FIRST_SIZE
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda _: None)
    monkeypatch.setattr(forgetting, "time", clock)

    def take_time(*args: Any, size: int, **told: Any) -> Any:
        becomes_slow = len(sizes) >= 4
        fitting = first if becomes_slow else 3 * first
        now[0] += size * moment / fitting
        return really(*args, size=size, **told)

    monkeypatch.setattr(forgetting, "_forget_batch", take_time)

    forgetting.forget_expired(at=tomorrow, after_batch=sizes.append)

    # at most twice or half of the one before: one may have been lucky, or unlucky
    relative = [size / first for size in sizes[:7]]
    assert relative == pytest.approx([1, 2, 3, 3, 3, 1.5, 1], abs=0.1)
    assert sum(sizes) == 3_000


def test_costs_as_many_statements_however_many_there_are(
    make_many: Callable[[int], None], tomorrow: datetime
) -> None:
    costs = []
    for number in (1, 300):
        make_many(number)
        with CaptureQueriesContext(connection) as seen:
            done = forgetting.forget_expired(at=tomorrow, batch_size=1_000)
        assert (done.deleted, done.batches) == (number, 1)
        costs.append(len(seen))

    assert costs[0] == costs[1] <= 13


def test_looks_again_for_what_another_one_left_behind(
    make_session: MakeSession, noon: datetime, tomorrow: datetime
) -> None:
    for minutes in (2, 3):
        make_session(at=noon - timedelta(minutes=minutes))
    came_back: list[Any] = []

    def bring_one_back(_: int) -> None:
        if not came_back:
            came_back.append(make_session(at=noon - timedelta(minutes=9)))

    done = forgetting.forget_expired(at=tomorrow, batch_size=1, after_batch=bring_one_back)

    assert (done.deleted, done.batches, left()) == (3, 3, set())


@pytest.mark.django_db(transaction=True)
def test_does_not_wait_for_a_session_that_another_one_holds(
    make_session: MakeSession, tomorrow: datetime
) -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("SQLite has one lock for all")
    held, free = make_session(), make_session()

    def run() -> int:
        with closing(connection):
            return forgetting.forget_expired(at=tomorrow).deleted

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        services.lock(held.pk)
        assert pool.submit(run).result(timeout=20) == 1
        assert left() == {held.pk}
        assert not AgenticCheckoutSession.objects.filter(pk=free.pk).exists()

    assert run() == 1
    assert sum(one["deleted"] for one in batches()) == 2


@pytest.mark.django_db(transaction=True)
def test_waits_for_the_disk_again_when_it_is_done(
    make_session: MakeSession, tomorrow: datetime
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL is told for each transaction")

    def told() -> list[int]:
        with connection.cursor() as cursor:
            names = ("synchronous", "cache_size")
            return [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    make_session()
    before, during = told(), []

    forgetting.forget_expired(at=tomorrow, after_batch=lambda _: during.append(told()))

    assert during == [[1, -16_384]]  # NORMAL
    assert told() == before != during[0]


@pytest.mark.django_db(transaction=True)
def test_killed_half_way_and_run_again_deletes_each_session_once(
    make_many: Callable[[int], None], make_session: MakeSession
) -> None:
    make_many(2_000)
    kept = make_session(at=timezone.now())
    words, env = command("cleanup_sessions")
    slow = [*words, "--batch-size=1"]
    start = partial(subprocess.Popen, env=env, stdout=subprocess.DEVNULL)

    with start(slow) as doomed:
        deadline = time.monotonic() + 60
        while len(batches()) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        doomed.kill()
    half_way = AgenticCheckoutSession.objects.count() - 1
    assert 0 < half_way < 2_000
    assert sum(one["deleted"] for one in batches()) == 2_000 - half_way
    assert SessionTurn.objects.count() == half_way + 1

    with start(words) as one, start(words) as other:
        assert (one.wait(90), other.wait(90)) == (0, 0)

    assert left() == {kept.pk}
    assert SessionTurn.objects.get().session_id == kept.pk
    told = batches()
    assert sum(one["deleted"] for one in told) == 2_000
    assert sum(one["by_status"]["open"] for one in told) == 2_000


# --- As a task -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_queues_itself_again_when_its_time_is_over(
    make_session: MakeSession, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_session(at=timezone.now() - LONG_AGO)
    in_no_time = partial(forgetting.forget_expired, max_seconds=0)
    monkeypatch.setattr(forgetting, "forget_expired", in_no_time)

    said = tasks.forget_expired_sessions()

    assert said == "0 deleted, 1 left"
    queued = OrmQ.objects.get().task
    assert queued["func"] == "sessions_store.tasks.forget_expired_sessions"
    assert (queued["args"], queued["kwargs"]) == ((), {})


@pytest.mark.django_db(transaction=True)
def test_queues_nothing_when_all_is_done(make_session: MakeSession) -> None:
    make_session(at=timezone.now() - LONG_AGO)

    assert tasks.forget_expired_sessions() == "1 deleted, 0 left"
    assert not OrmQ.objects.exists()
