"""`reseal_credentials` and `verify_credentials`, as operators run them…"""

import os
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.services import AuditUnavailableError
from credentials import resealing
from credentials.management.commands import _progress
from credentials.models import StoredCredential
from sessions_store.models import AgenticCheckoutSession
from tests.credentials.conftest import ANOTHER_KEY, SaveLogin
from tests.credentials.rotation import (
    damage,
    key_ids,
    put_key_first,
    take_old_keys_away,
)
from tests.orchestrator.chat import Chat

BACKUPS = "Backups keep what they hold: to restore one, the keys of its time are needed."


@pytest.fixture
def logins(save_login: SaveLogin) -> list[StoredCredential]:
    """Three logins, saved an hour ago."""
    at = timezone.now() - timedelta(hours=1)
    return [save_login(alias=f"{one}", at=at) for one in range(3)]


def run(*words: str) -> tuple[int, list[str], list[str]]:
    """Return the exit code, and the lines of stdout and stderr."""
    out, err, code, last = StringIO(), StringIO(), 0, []
    try:
        call_command(*words, stdout=out, stderr=err)
    except CommandError as error:
        code, last = error.returncode, [str(error)]
    return code, out.getvalue().splitlines(), err.getvalue().splitlines() + last


def test_seals_all_and_says_so_a_line_a_batch(
    logins: list[StoredCredential], settings: Settings
) -> None:
    put_key_first(settings)
    new, _ = key_ids()
    assert run("reseal_credentials", "--batch-size", "2") == (
        0,
        [
            "2 of 3 logins looked at.",
            "3 of 3 logins looked at.",
            f"3 logins sealed with the key {new}, none left.",
            f"Run it with --check before you take an older key away. {BACKUPS}",
        ],
        [],
    )
    assert run("reseal_credentials", "--verbosity=0")[:2] == (
        0,
        [
            f"0 logins sealed with the key {new}, none left.",
            f"Run it with --check before you take an older key away. {BACKUPS}",
        ],
    )


def test_fails_while_one_is_left_and_names_it(
    logins: list[StoredCredential], settings: Settings
) -> None:
    damage(logins[1])
    put_key_first(settings)
    new, _ = key_ids()
    code, _, said = run("reseal_credentials")
    assert code == 1
    assert said == [
        f"{logins[1].pk}: it is damaged, or was moved here from another row.",
        f"2 logins sealed with the key {new}; 1 left alone, as listed.",
    ]


def test_fails_while_a_limit_leaves_some(
    logins: list[StoredCredential], settings: Settings
) -> None:
    put_key_first(settings)
    new, _ = key_ids()
    code, _, said = run("reseal_credentials", "--limit", "2")
    assert (code, said) == (
        1,
        [f"2 logins sealed with the key {new}; 1 not reached, or saved meanwhile: run it again."],
    )
    assert run("reseal_credentials", "--limit", "2")[0] == 0


def test_only_tries_in_a_dry_run(logins: list[StoredCredential], settings: Settings) -> None:
    put_key_first(settings)
    new, _ = key_ids()
    said = f"3 logins would be sealed with the key {new}."
    assert run("reseal_credentials", "--dry-run") == (0, ["3 of 3 logins tried.", said], [])
    damage(logins[0])
    code, _, [one, last] = run("reseal_credentials", "--dry-run")
    assert (code, one.partition(":")[0]) == (1, str(logins[0].pk))
    assert last == f"2 logins would be sealed with the key {new}, 1 cannot be."
    assert resealing.due() == 3


@pytest.mark.parametrize(
    ("trouble", "code", "why"),
    [
        (KeyboardInterrupt(), 130, "Stopped. What was sealed is recorded"),
        (AuditUnavailableError(), 2, "Stopped by the database (AuditUnavailableError)."),
        (OperationalError("canary"), 2, "Stopped by the database (OperationalError)."),
        (
            OperationalError('host "canary": Connection refused'),
            2,
            "Stopped by the database (OperationalError: connection refused).",
        ),
    ],
)
def test_stops_in_one_line(
    logins: list[StoredCredential],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    trouble: BaseException,
    code: int,
    why: str,
) -> None:
    put_key_first(settings)

    def refuse(*_: Any, **__: Any) -> None:
        raise trouble

    monkeypatch.setattr(resealing, "record_many", refuse)
    ended, _, [said] = run("reseal_credentials")
    assert (ended, said.startswith(why), "canary" in said) == (code, True, False)
    assert resealing.due() == 3


@pytest.mark.parametrize(
    "words", [["--batch-size", "0"], ["--limit", "0"], ["--dry-run", "--check"]]
)
def test_refuses_what_makes_no_sense(words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("reseal_credentials", *words)


def test_says_which_keys_may_go(
    logins: list[StoredCredential], settings: Settings, parent: User
) -> None:
    Chat(parent).begin()
    [old] = key_ids()
    assert run("reseal_credentials", "--check") == (
        0,
        [f"{old}  primary  3 logins, 1 in session_turns.body", "Only the first key is needed."],
        [],
    )

    put_key_first(settings)
    new, _ = key_ids()
    goes = "what is in session_turns.body goes with its session, the night after that expired"
    assert run("reseal_credentials", "--check") == (
        1,
        [
            f"{new}  primary  nothing needs it",
            f"{old}  older    3 logins, 1 in session_turns.body",
            f"The key {old} must stay: run reseal_credentials; {goes}.",
        ],
        ["1 older key still needed, 0 missing."],
    )

    run("reseal_credentials")
    code, said, _ = run("reseal_credentials", "--check")
    assert (code, said[2:]) == (1, [f"The key {old} must stay: {goes}."])

    AgenticCheckoutSession.objects.all().delete()
    assert run("reseal_credentials", "--check") == (
        0,
        [
            f"{new}  primary  3 logins",
            f"{old}  older    nothing needs it",
            f"The key {old} may be taken away. {BACKUPS}",
            "Only the first key is needed.",
        ],
        [],
    )


def test_says_which_keys_are_missing(logins: list[StoredCredential], settings: Settings) -> None:
    [old] = key_ids()
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    [new] = key_ids()
    assert run("reseal_credentials", "--check") == (
        1,
        [
            f"{new}  primary  nothing needs it",
            f"{old}  missing  3 logins",
            f"The key {old} is missing: put it back, behind the others.",
        ],
        ["0 older keys still needed, 1 missing."],
    )


def test_takes_no_new_key_for_an_old_one(
    logins: list[StoredCredential], settings: Settings
) -> None:
    settings.CRED_SEAL_KEY = f"{settings.CRED_SEAL_KEY},{ANOTHER_KEY}"
    old, new = key_ids()
    code, said, _ = run("reseal_credentials", "--check")
    assert (code, said[:2]) == (
        0,
        [f"{old}  primary  3 logins", f"{new}  unused   nothing needs it"],
    )
    assert said[2].startswith(f"The key {new} is not used yet: if it is new, put it first")


def test_verifies_by_key(logins: list[StoredCredential], settings: Settings) -> None:
    put_key_first(settings)
    new, old = key_ids()
    run("reseal_credentials", "--limit", "1")
    assert run("verify_credentials", "--batch-size=2") == (
        0,
        [
            "2 of 3 logins opened.",
            "3 of 3 logins opened.",
            *sorted([f"{new}  primary  1 open", f"{old}  older    2 open"]),
            "3 logins verified.",
        ],
        [],
    )
    take_old_keys_away(settings)
    code, said, [*each, last] = run("verify_credentials")
    assert (code, said[1:]) == (1, [f"{new}  primary  1 open"])
    assert {line.partition(": ")[2] for line in each} == {"its key is not in the ring."}
    assert last == "2 of 3 logins do not hold."


def test_lists_no_endless_row_of_ids(
    logins: list[StoredCredential], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "LISTED", 1)
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    for words in (["reseal_credentials"], ["verify_credentials"]):
        _, _, said = run(*words)
        assert len(said) == 3
        assert said[1] == "… and 2 more; --verbosity 2 lists them all."
        _, _, said = run(*words, "--verbosity=2")
        assert len(said) == 4


def until_closed(terminal: int) -> Iterator[bytes]:
    """Yield what a terminal shows, which comes in pieces, and close it."""
    with suppress(OSError):  # that is how the other end's closing is told
        while piece := os.read(terminal, 10_000):
            yield piece
    os.close(terminal)


@pytest.mark.once
@pytest.mark.parametrize("name", ["reseal_credentials", "verify_credentials"])
def test_draws_a_bar_only_when_a_person_watches(
    logins: list[StoredCredential],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    put_key_first(settings)
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with os.fdopen(theirs, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        call_command(name)
    drawn = b"".join(until_closed(ours)).decode()
    said = capsys.readouterr().out
    assert "3/3" in drawn
    assert "logins opened" not in said
    assert "logins looked at" not in said
    assert "verified" in said or "none left" in said
    call_command(name)  # what it writes is kept here, where nobody watches
    kept = capsys.readouterr()
    assert kept.err == ""
    assert "verified" in kept.out or "none left" in kept.out
