"""`reseal_credentials` and `verify_credentials`, as operators run them…"""

import fcntl
import os
import signal
import subprocess
import sys
import termios
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from credentials import resealing
from credentials.management.commands import _progress
from credentials.models import StoredCredential
from sessions_store.models import AgenticCheckoutSession
from tests.credentials.conftest import ANOTHER_KEY, SaveLogin
from tests.credentials.rotation import (
    RESEALED,
    damage,
    is_intact,
    key_ids,
    put_key_first,
    resealings,
    take_old_keys_away,
)
from tests.orchestrator.chat import Chat
from tests.sessions_store.conftest import ROOT, command

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


def in_a_process(settings: Settings, *words: str) -> tuple[list[str], dict[str, str]]:
    """Return a command of manage.py, with the keys as they are by now."""
    full, env = command(*words)
    return full, env | {"CRED_SEAL_KEY": settings.CRED_SEAL_KEY}


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


# --- Processes -----------------------------------------------------------------------------------

DYING = """
import os, signal, django
django.setup()
from django.core.management import call_command
from credentials import resealing
honest, batches = resealing.record_many, []
def trapped(entries):
    batches.append(honest(entries))
    if len(batches) == 3:  # the texts and the records are written, and not committed
        os.kill(os.getpid(), signal.SIGKILL)
resealing.record_many = trapped
call_command("reseal_credentials", batch_size=7)
"""


def check_all_are_whole(logins: list[StoredCredential]) -> None:
    """Hold every login against its record: sealed anew once, or not at all."""
    new = key_ids()[0]
    for credential in logins:
        now = StoredCredential.objects.get(pk=credential.pk)
        times = len(resealings(credential))
        assert times == (now.key_id == new)
        assert times or now.ciphertext == credential.ciphertext


@pytest.fixture
def many(save_login: SaveLogin) -> list[StoredCredential]:
    """Enough logins to die among, saved an hour ago."""
    at = timezone.now() - timedelta(hours=1)
    return [save_login(alias=f"{one}", at=at) for one in range(150)]


@pytest.mark.django_db(transaction=True)
def test_goes_on_where_it_was_killed_in_the_midst_of_a_batch(
    many: list[StoredCredential], settings: Settings
) -> None:
    put_key_first(settings)
    _, env = in_a_process(settings)
    killed = subprocess.run(
        [sys.executable, "-c", DYING],
        env=env,
        cwd=ROOT,
        check=False,
        timeout=60,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert MandateAudit.objects.filter(action=RESEALED).count() == 14
    check_all_are_whole(many)

    assert run("reseal_credentials")[0] == 0
    assert MandateAudit.objects.filter(action=RESEALED).count() == len(many)
    assert all(is_intact(credential) for credential in many)
    assert run("verify_credentials")[0] == 0


@pytest.mark.django_db(transaction=True)
def test_goes_on_where_it_was_killed_between_batches(
    many: list[StoredCredential], settings: Settings
) -> None:
    put_key_first(settings)
    words, env = in_a_process(settings, "reseal_credentials", "--batch-size=1")
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 1)  # a page: it cannot run to the end
        process.stdout.readline()
        process.kill()
    assert 0 < MandateAudit.objects.filter(action=RESEALED).count() < len(many)
    check_all_are_whole(many)

    assert run("reseal_credentials")[0] == 0
    assert all(is_intact(credential) and len(resealings(credential)) == 1 for credential in many)


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["reseal_credentials", "verify_credentials"])
def test_draws_a_bar_only_when_a_person_watches(
    logins: list[StoredCredential],
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    put_key_first(settings)
    words, env = in_a_process(settings, name)
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(
        words, env=env, stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as process:
        os.close(theirs)
        said, _ = process.communicate(timeout=60)
    drawn = os.read(ours, 10_000).decode()
    os.close(ours)
    assert process.returncode == 0
    assert "3/3" in drawn
    assert "logins opened" not in said
    assert "logins looked at" not in said
    call_command(name)  # what it writes is kept here, where nobody watches
    kept = capsys.readouterr()
    assert kept.err == ""
    assert "verified" in kept.out or "none left" in kept.out


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "code"), [("reseal_credentials", 0), ("verify_credentials", 0), ("readiness", 1)]
)
def test_does_its_work_where_nothing_can_be_printed(
    logins: list[StoredCredential], settings: Settings, name: str, code: int
) -> None:
    put_key_first(settings)
    words, env = in_a_process(settings, name)
    if name == "reseal_credentials":  # nobody reads
        read_end, out = os.pipe()
        os.close(read_end)
        complaint = ""
    else:
        out = os.open("/dev/full", os.O_WRONLY)
        complaint = "What is printed gets lost: No space left on device.\n"
    done = subprocess.run(words, env=env, stdout=out, stderr=-1, text=True, check=False, timeout=60)
    os.close(out)
    said = done.stderr.partition("CommandError: Not ready")[0]
    assert (done.returncode, said) == (code, complaint)
    if name == "reseal_credentials":
        assert all(is_intact(credential) for credential in logins)


@pytest.mark.once
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verify_credentials"], "CommandError: Stopped by the database ({}).\n"),
        (["check", "--database=default"], "The database failed ({}).\n"),
    ],
    ids=["verify", "check"],
)
def test_says_in_one_line_that_the_database_is_gone(words: list[str], said: str) -> None:
    full, env = command(*words)
    env["DATABASE_URL"] = "postgres://canary:canary@127.0.0.1:1/canary"
    done = subprocess.run(full, env=env, capture_output=True, text=True, check=False, timeout=60)
    reason = "OperationalError: connection refused"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said.format(reason))
