"""`manage.py cleanup_sessions`…"""

import os
import subprocess
import termios
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.services import AuditUnavailableError
from sessions_store import forgetting
from sessions_store.management.commands import cleanup_sessions
from sessions_store.status import Status
from tests.sessions_store.conftest import MakeSession, batches, command, left, manage

LONG_AGO = timedelta(days=3)


def run_command(*words: str) -> str:
    out = StringIO()
    call_command("cleanup_sessions", *words, stdout=out)
    return out.getvalue()


def test_says_how_many(make_session: MakeSession, capsys: Any) -> None:
    make_session(at=timezone.now() - LONG_AGO)
    make_session(at=timezone.now() - LONG_AGO)
    kept = make_session(at=timezone.now())

    assert run_command("--batch-size=1") == "2 expired sessions deleted.\n"
    assert run_command() == "0 expired sessions deleted.\n"
    assert left() == {kept.pk}
    assert capsys.readouterr().err == ""  # no bar where nobody watches


def test_goes_on_when_its_reader_is_gone(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup_sessions, "SECONDS_BETWEEN_LINES", 0)
    for _ in range(3):
        make_session(at=timezone.now() - LONG_AGO)
    theirs, ours = os.pipe()
    os.close(theirs)
    with os.fdopen(ours, "w") as nobody:
        call_command("cleanup_sessions", "--batch-size=1", stdout=nobody)

    assert left() == set()


def test_on_a_dry_run_deletes_nothing(make_session: MakeSession) -> None:
    for status in (Status.OPEN, Status.CANCELLED, Status.OPEN, Status.SUBMITTING):
        make_session(at=timezone.now() - LONG_AGO, status=status)
    make_session(at=datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    before = left()

    assert run_command("--dry-run") == (
        "4 expired sessions would be deleted.\n"
        "1 cancelled, 3 open; the oldest expired 2026-02-01 09:30 UTC.\n"
    )
    assert (left(), batches()) == (before, [])


def test_on_a_dry_run_says_that_there_is_nothing_to_do(make_session: MakeSession) -> None:
    make_session(at=timezone.now())

    assert run_command("--dry-run") == "0 expired sessions would be deleted.\n"


def test_says_in_plain_lines_how_far_it_is(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        make_session(at=timezone.now() - LONG_AGO)
    monkeypatch.setattr(cleanup_sessions, "SECONDS_BETWEEN_LINES", 0)

    assert run_command("--batch-size=2").splitlines() == [
        "2 of 3 expired sessions deleted so far.",
        "3 of 3 expired sessions deleted so far.",
        "3 expired sessions deleted.",
    ]


def test_says_no_more_than_it_was_asked_to(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_session(at=timezone.now() - LONG_AGO)
    monkeypatch.setattr(cleanup_sessions, "SECONDS_BETWEEN_LINES", 0)

    assert run_command("--verbosity=0") == "1 expired sessions deleted.\n"


def test_can_be_interrupted(make_session: MakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        make_session(at=timezone.now() - LONG_AGO)
    really, calls = forgetting._forget_batch, []

    def press_ctrl_c(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return really(*args, **kwargs)

    monkeypatch.setattr(forgetting, "_forget_batch", press_ctrl_c)

    with pytest.raises(CommandError, match="What was deleted is recorded") as stopped:
        run_command("--batch-size=1")

    assert stopped.value.returncode == 130
    assert (len(left()), [one["deleted"] for one in batches()]) == (1, [1])


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
    monkeypatch.setattr(forgetting, "record", refuse)

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
