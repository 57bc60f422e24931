"""A command over sealed logins, in a process of its own…"""

import fcntl
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from audit.models import MandateAudit
from credentials.models import StoredCredential
from tests.credentials.conftest import SaveLogin
from tests.credentials.rotation import (
    RESEALED,
    is_intact,
    key_ids,
    put_key_first,
    resealings,
)
from tests.sessions_store.conftest import ROOT, command


@pytest.fixture
def logins(save_login: SaveLogin) -> list[StoredCredential]:
    """Three logins, saved an hour ago."""
    at = timezone.now() - timedelta(hours=1)
    return [save_login(alias=f"{one}", at=at) for one in range(3)]


def in_a_process(settings: Settings, *words: str) -> tuple[list[str], dict[str, str]]:
    """Return a command of manage.py, with the keys as they are by now."""
    full, env = command(*words)
    return full, env | {"CRED_SEAL_KEY": settings.CRED_SEAL_KEY}


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

    call_command("reseal_credentials")
    assert MandateAudit.objects.filter(action=RESEALED).count() == len(many)
    assert all(is_intact(credential) for credential in many)
    call_command("verify_credentials")


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

    call_command("reseal_credentials")
    assert all(is_intact(credential) and len(resealings(credential)) == 1 for credential in many)


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
