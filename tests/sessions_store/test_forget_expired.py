"""Forgetting expired sessions…"""

import os
import subprocess
import termios
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from audit import services as audit
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from sessions_store import services, tasks
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from sessions_store.services import Forgotten
from sessions_store.status import Status
from tests.sessions_store.conftest import MakeSession, command, manage

LONG_AGO = timedelta(days=3)


@pytest.fixture
def tomorrow(noon: datetime) -> datetime:
    """The moment at which sessions of noon are past their time."""
    return noon + timedelta(hours=24)


def left() -> set[UUID]:
    return set(AgenticCheckoutSession.objects.values_list("pk", flat=True))


def batches() -> list[dict[str, Any]]:
    """What was recorded of each batch, oldest first."""
    rows = MandateAudit.objects.filter(action="sessions_expired").order_by("created_at", "id")
    return [row.metadata for row in rows]


def test_deletes_them_with_their_turns_and_no_others(
    make_session: MakeSession, noon: datetime, tomorrow: datetime
) -> None:
    make_session()
    make_session(status=Status.COMPLETED)
    make_session(status=Status.CANCELLED)
    kept = make_session(at=noon + timedelta(microseconds=1))

    done = services.forget_expired(at=tomorrow)

    assert (done, done.is_complete) == (Forgotten(deleted=3, remaining=0), True)
    assert left() == {kept.pk}
    assert SessionTurn.objects.get().session_id == kept.pk


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.OUTCOME_UNKNOWN])
def test_never_deletes_what_owes_an_answer(
    make_session: MakeSession, tomorrow: datetime, status: Status
) -> None:
    kept = make_session(status=status)

    done = services.forget_expired(at=tomorrow + timedelta(days=365))

    assert done == Forgotten(0, 0)
    assert left() == {kept.pk}
    assert SessionTurn.objects.exists()


def test_leaves_a_turn_to_its_end(make_session: MakeSession, tomorrow: datetime) -> None:
    until = tomorrow + timedelta(seconds=60)
    at_work = make_session(turn_token=uuid4(), turn_until=until)
    make_session(turn_token=uuid4(), turn_until=tomorrow)  # its lease ran out

    first = services.forget_expired(at=tomorrow)
    assert (first.deleted, left()) == (1, {at_work.pk})

    assert services.forget_expired(at=until).deleted == 1
    assert left() == set()


def test_records_each_batch(make_session: MakeSession, tomorrow: datetime) -> None:
    for _ in range(3):
        make_session()
    for _ in range(2):
        make_session(status=Status.CANCELLED)

    services.forget_expired(at=tomorrow, batch_size=2)

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

    assert services.forget_expired(at=noon) == Forgotten(0, 0)
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

    monkeypatch.setattr(services, "record", refuse_the_second)

    with pytest.raises(AuditUnavailableError):
        services.forget_expired(at=tomorrow, batch_size=1)

    assert len(left()) == 2
    assert SessionTurn.objects.count() == 2
    assert len(batches()) == 1


def test_stops_when_its_time_is_over_and_goes_on_at_the_next_run(
    make_session: MakeSession, tomorrow: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        make_session()
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("sessions_store.services.time", clock)

    def spend(_: int) -> None:
        now[0] += 100

    run = partial(services.forget_expired, at=tomorrow, batch_size=1, max_seconds=240)
    first = run(after_batch=spend)
    second = run(after_batch=spend)

    assert (first, first.is_complete) == (Forgotten(deleted=3, remaining=2), False)
    assert (second, second.is_complete) == (Forgotten(deleted=2, remaining=0), True)


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_deletes_each_session_once(
    make_session: MakeSession, tomorrow: datetime
) -> None:
    for _ in range(40):
        make_session()

    def run(_: int) -> int:
        with closing(connection):
            return services.forget_expired(at=tomorrow, batch_size=3).deleted

    with ThreadPoolExecutor(4) as pool:
        deleted = sum(pool.map(run, range(4)))

    assert (deleted, left()) == (40, set())
    assert sum(one["deleted"] for one in batches()) == 40
    assert sum(one["by_status"]["open"] for one in batches()) == 40


# --- As a task -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_queues_itself_again_when_its_time_is_over(
    make_session: MakeSession, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_session(at=timezone.now() - LONG_AGO)
    in_no_time = partial(services.forget_expired, max_seconds=0)
    monkeypatch.setattr(services, "forget_expired", in_no_time)

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


# --- As a command --------------------------------------------------------------------------------


def run_command(*words: str) -> str:
    out = StringIO()
    call_command("cleanup_sessions", *words, stdout=out)
    return out.getvalue()


def test_by_command_says_how_many(make_session: MakeSession, capsys: Any) -> None:
    make_session(at=timezone.now() - LONG_AGO)
    make_session(at=timezone.now() - LONG_AGO)
    kept = make_session(at=timezone.now())

    assert run_command("--batch-size=1") == "2 expired sessions deleted.\n"
    assert run_command() == "0 expired sessions deleted.\n"
    assert left() == {kept.pk}
    assert capsys.readouterr().err == ""  # no bar where nobody watches


def test_on_a_dry_run_deletes_nothing(make_session: MakeSession) -> None:
    session = make_session(at=timezone.now() - LONG_AGO)
    make_session(at=timezone.now() - LONG_AGO, status=Status.SUBMITTING)

    assert run_command("--dry-run") == "1 expired sessions would be deleted.\n"
    assert session.pk in left()
    assert batches() == []


@pytest.mark.parametrize("size", ["0", "-1", "10001", "many", "1.5", "²", ""])
def test_refuses_a_batch_size_that_is_none(db: None, size: str) -> None:
    with pytest.raises(CommandError, match="whole number from 1 to 10000"):
        call_command("cleanup_sessions", f"--batch-size={size}")


def test_says_in_one_line_that_it_could_not_record(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise AuditUnavailableError("the audit ledger cannot be written")

    session = make_session(at=timezone.now() - LONG_AGO)
    monkeypatch.setattr(services, "record", refuse)

    with pytest.raises(CommandError, match="the audit ledger cannot be written"):
        run_command()

    assert left() == {session.pk}


@pytest.mark.django_db(transaction=True)
def test_tells_the_shell_how_it_ended(make_session: MakeSession) -> None:
    make_session(at=timezone.now() - LONG_AGO)

    done = manage("cleanup_sessions")
    wrong = manage("cleanup_sessions", "--batch-size=none")

    assert (done.returncode, done.stdout, done.stderr) == (0, "1 expired sessions deleted.\n", "")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.endswith("a whole number from 1 to 10000\n")
    assert left() == set()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_draws_a_bar_for_a_person_who_watches(make_session: MakeSession) -> None:
    make_session(at=timezone.now() - LONG_AGO)
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    words, env = command("cleanup_sessions")

    code = subprocess.run(words, env=env, stdout=subprocess.DEVNULL, stderr=slave, check=False)
    os.close(slave)
    drawn = b""
    with suppress(OSError):  # that is how a terminal ends
        while piece := os.read(master, 1000):
            drawn += piece
    os.close(master)

    assert code.returncode == 0
    assert b"1/1" in drawn
    assert b"session/s" in drawn
