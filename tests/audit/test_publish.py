"""To publish…"""

import logging
import os
import socket
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django_q.conf import Conf
from django_q.status import Stat

from audit import publication, sealing_run
from audit.models import Checkpoint
from audit.notes import Checkpoint as Said
from audit.notes import Signer
from audit.publication import PublicationError
from orchestrator import tasks
from tests.audit.conftest import MakeRow

ORIGIN = settings.AUDIT_ORIGIN
SIGNER = Signer(ORIGIN, bytes(range(32)))
KNOWN = [SIGNER.verifier]
NOTES = [Said(ORIGIN, size, bytes([size]) * 32).signed_by([SIGNER]) for size in range(1, 9)]


def run(at: datetime, file: Path) -> sealing_run.Sealed:
    log = sealing_run.Log(ORIGIN, settings.AUDIT_SIGNERS, settings.AUDIT_VERIFIERS, file)
    return sealing_run.run(log, now=lambda: at)


def newest(file: Path) -> int | None:
    found = publication.newest(file, KNOWN, origin=ORIGIN)
    return found.size if found else None


@pytest.mark.once
def test_adds_to_the_end_and_finds_the_newest(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    assert newest(file) is None
    for size, note in enumerate(NOTES, start=1):
        publication.publish(file, note)
        assert newest(file) == size

    publication.publish(file, NOTES[2])
    assert newest(file) == 8
    assert all(note in file.read_text() for note in NOTES)


@pytest.mark.once
def test_passes_over_what_was_torn_wherever_it_was_torn(tmp_path: Path) -> None:
    for length in range(0, len(NOTES[1].encode()), 7):
        file = tmp_path / str(length)
        publication.publish(file, NOTES[0])
        with file.open("ab") as stream:
            stream.write(f"\n\n{NOTES[1]}".encode()[: length + 1])
        publication.publish(file, NOTES[2])
        publication.publish(file, NOTES[3])
        text = file.read_text(errors="replace")
        found = [one.size for one in publication.checkpoints(text, KNOWN, origin=ORIGIN)]
        assert [size for size in found if size != 2] == [1, 3, 4]


@pytest.mark.once
def test_finds_its_own_under_much_that_others_wrote(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    publication.publish(file, NOTES[4])
    other = Said("other", 9, b"\1" * 32).signed_by([Signer("other", bytes(range(32)))])
    with file.open("a") as stream:
        stream.write(other * (publication.LONGEST // len(other.encode()) + 2))

    assert newest(file) == 5


@pytest.mark.once
def test_finds_the_newest_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "CHUNK", 100)  # shorter than a note
    file = tmp_path / "notes"
    for note in (NOTES[0], NOTES[6], *[NOTES[1]] * 300):
        with file.open("a") as stream:
            stream.write(f"\n\n{note}")

    assert file.stat().st_size > publication.LONGEST
    assert newest(file) == 7
    publication.publish(file, NOTES[7])
    assert newest(file) == 8
    file.write_bytes(b"")
    assert newest(file) is None


@pytest.mark.once
def test_says_why_it_cannot(tmp_path: Path) -> None:
    with pytest.raises(PublicationError, match="cannot be written: Is a directory"):
        publication.publish(tmp_path, NOTES[0])
    with pytest.raises(PublicationError, match="cannot be read"):
        newest(tmp_path)


def test_makes_up_for_what_could_not_be_published(
    make_row: MakeRow, noon: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "folder" / "notes"
    make_row()
    with pytest.raises(PublicationError):
        run(noon, file)
    assert Checkpoint.objects.count() == 1  # it stays sealed
    file.parent.mkdir()

    done = run(noon + timedelta(minutes=1), file)

    assert (done.seals, done.is_published, done.size) == (0, True, 2)
    assert Checkpoint.objects.get().note in file.read_text()
    before = file.read_bytes()
    assert run(noon + timedelta(minutes=2), file).is_published
    assert file.read_bytes() == before


def command(*said: str) -> str:
    out = StringIO()
    call_command("seal_audit", *said, stdout=out, stderr=out)
    return out.getvalue()


def code_of(*said: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        command(*said)
    return caught.value.returncode, str(caught.value)


def test_is_what_the_command_does_and_says(
    make_row: MakeRow, tmp_path: Path, settings: Any
) -> None:
    file = tmp_path / "notes"
    settings.AUDIT_CHECKPOINT_FILE = str(file)
    assert command() == "0 records sealed. Checkpoint 0, published nowhere.\n"
    make_row()
    assert command() == f"1 record sealed. Checkpoint 2, published {file}.\n"
    assert command() == f"0 records sealed. Checkpoint 2, published {file}.\n"

    publication.publish(file, Said(ORIGIN, 9, b"\1" * 32).signed_by(settings.AUDIT_SIGNERS))
    code, said = code_of()
    assert code == 1
    assert "shorter than the one that was published. If the database was restored" in said

    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path)
    assert code_of()[0] == 2


@pytest.mark.once
def test_needs_the_private_key_and_shows_the_public_one_alone(settings: Any) -> None:
    (signer,) = settings.AUDIT_SIGNERS
    assert command("--show-key") == f"{signer.verifier}\n"

    settings.AUDIT_SIGNERS = ()
    assert code_of()[0] == 2
    assert code_of("--show-key")[0] == 2


def test_is_a_job_of_the_worker(
    make_row: MakeRow,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "notes"
    settings.AUDIT_CHECKPOINT_FILE = str(file)
    monkeypatch.setattr(tasks, "SEAL_SECONDS", 0)
    make_row()

    assert tasks.seal_audit() == "1 sealed, the log has 2 leaves"

    publication.publish(file, Said(ORIGIN, 9, b"\1" * 32).signed_by(settings.AUDIT_SIGNERS))
    with caplog.at_level(logging.ERROR), pytest.raises(Exception, match="SealingRefusedError"):
        tasks.seal_audit()
    assert "ALARM: the ledger is not sealed: the log is shorter" in caplog.text
    settings.AUDIT_SIGNERS = ()
    assert tasks.seal_audit() == "nothing sealed: AUDIT_SIGNING_KEY is not set"


@pytest.mark.once
def test_ends_when_the_worker_that_does_it_is_asked_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def worker(sentinel: int, status: object) -> Any:
        return SimpleNamespace(host=socket.gethostname(), sentinel=sentinel, status=status)

    there: list[Any] = []
    monkeypatch.setattr(Stat, "get_all", lambda: there)
    assert not tasks._worker_is_stopping()
    there += [worker(os.getppid(), Conf.WORKING), worker(os.getppid() + 1, Conf.STOPPING)]
    assert not tasks._worker_is_stopping()
    there.append(worker(os.getppid(), Conf.STOPPING))
    assert tasks._worker_is_stopping()
