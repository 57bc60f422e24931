"""`verify_audit`…"""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from audit import notes, publication, verification
from audit.management.commands import verify_audit
from audit.models import Checkpoint, Leaf, MandateAudit
from tests.audit.attacking import attack, key, put_back, rewrite, taken
from tests.audit.conftest import MakeRow, sealed

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def no_file(settings: Settings) -> None:
    settings.AUDIT_CHECKPOINT_FILE = ""


@pytest.fixture
def row(make_row: MakeRow) -> MandateAudit:
    """A record of just now, sealed."""
    made = make_row(at=timezone.now())
    assert sealed(timezone.now())
    return made


def run(*words: str) -> tuple[int, str, str, str]:
    """Return the exit code, what was printed, what on stderr, and the last sentence of a failure."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_audit", *words, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue(), str(error)
    return 0, out.getvalue(), err.getvalue(), ""


def kept(folder: Path) -> Path:
    """Return a file in which somebody kept all checkpoints."""
    file = folder / "kept"
    for one in Checkpoint.objects.order_by("size"):
        publication.publish(file, one.note)
    return file


def test_says_that_all_is_sound(row: MandateAudit) -> None:
    code, said, wrong, _ = run()

    assert (code, wrong) == (0, "")
    assert said.splitlines() == [
        "1 sealed record, 1 checkpoint, 0 not sealed yet.",
        "No checkpoint from outside was at hand: a log that was cut short would not show.",
        "All of it is as it was sealed.",
    ]


def test_names_the_first_wrong_record_on_its_own_line(small_log: list[MandateAudit]) -> None:
    rewrite(small_log[2])
    attack("DELETE FROM mandate_audit WHERE id = %s", key(small_log[3].pk))
    code, said, wrong, why = run()

    assert (code, why) == (1, "The ledger is not sound: 2 findings.")
    assert wrong.splitlines()[0].startswith(
        f"First wrong: record {small_log[2].pk} (#2) was sealed"
    )
    assert wrong.splitlines()[1] == f"record {small_log[3].pk} (#4) is gone, and was sealed."
    assert "All of it" not in said


def test_lists_no_more_than_a_page(row: MandateAudit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.management.commands.verify_audit.LISTED", 2)
    attack("DELETE FROM audit_pending")
    for number in range(2, 6):
        Leaf.objects.create(log_index=number, leaf_hash=bytes(32))
    code, _, wrong, why = run()

    assert (code, why) == (1, "The ledger is not sound: 4 findings.")
    assert wrong.splitlines()[-1] == "… and 2 more."
    assert len(run("--verbosity=2")[2].splitlines()) == 4


def test_holds_the_log_against_what_was_kept_outside(
    row: MandateAudit, make_row: MakeRow, settings: Settings, tmp_path: Path
) -> None:
    settings.AUDIT_CHECKPOINT_FILE = str(kept(tmp_path))
    assert "Held against 1 checkpoint from outside." in run()[1]
    earlier = taken()
    make_row(at=timezone.now())
    assert sealed(timezone.now())
    (tmp_path / "theirs").mkdir()
    theirs = kept(tmp_path / "theirs")
    assert "Held against 3 checkpoints from outside." in run(f"--checkpoint={theirs}")[1]

    put_back(earlier)
    assert run()[0] == 0
    code, _, wrong, _ = run(f"--checkpoint={theirs}")
    assert code == 1
    assert wrong.startswith("First wrong: checkpoint 4 was published, and the log is shorter")


def test_cannot_say_anything_without_keys_or_seals(row: MandateAudit, settings: Settings) -> None:
    settings.AUDIT_VERIFIERS = ()
    code, _, _, why = run()
    assert (code, why) == (
        2,
        "Cannot verify: there is no key to verify with: set AUDIT_VERIFY_KEY.",
    )


def test_cannot_say_anything_with_a_file_that_nobody_knows(
    row: MandateAudit, settings: Settings, tmp_path: Path
) -> None:
    code, _, _, why = run(f"--checkpoint={tmp_path / 'none'}")
    assert (code, why) == (2, "Cannot verify: none cannot be read: No such file or directory.")

    stranger = notes.Signer(settings.AUDIT_ORIGIN, bytes(range(32)))
    file = tmp_path / "forged"
    file.write_text(notes.Checkpoint(settings.AUDIT_ORIGIN, 2, bytes(32)).signed_by([stranger]))
    code, _, _, why = run(f"--checkpoint={file}")
    assert (code, why) == (
        2,
        "Cannot verify: forged holds no checkpoint of this log by a known key.",
    )


def test_cannot_say_anything_where_the_database_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**_: object) -> None:
        raise OperationalError("connection refused by canary")

    monkeypatch.setattr(verification, "verify", gone)
    code, _, _, why = run()
    assert (code, why) == (2, "Stopped by the database (OperationalError: connection refused).")


@pytest.mark.parametrize("size", ["0", "-1", "x", "100001"])
def test_takes_no_other_batch(row: MandateAudit, size: str) -> None:
    assert "a whole number from 1" in run(f"--batch-size={size}")[3]


def test_sees_a_sealer_that_does_not_run(row: MandateAudit, make_row: MakeRow) -> None:
    make_row(at=timezone.now() - timedelta(minutes=9))
    make_row(at=timezone.now() - timedelta(minutes=8))
    code, said, wrong, _ = run("--verbosity=0")
    assert (code, said.splitlines()[0]) == (1, "1 sealed record, 1 checkpoint, 2 not sealed yet.")
    assert "and 1 more: each has been waiting" in wrong


def test_finds_a_log_sound_that_is_sealed_meanwhile(
    row: MandateAudit, make_row: MakeRow, settings: Settings, tmp_path: Path
) -> None:
    settings.AUDIT_CHECKPOINT_FILE = str(kept(tmp_path))
    published = verify_audit._published([tmp_path / "kept"])
    with (tmp_path / "kept").open("a") as stream:  # what the worker signs now
        later = notes.Checkpoint(settings.AUDIT_ORIGIN, 99, bytes(32))
        stream.write(f"\n\n{later.signed_by(settings.AUDIT_SIGNERS)}")

    assert [one.size for one in published] == [2, 2]


def test_takes_checkpoints_from_a_pipe(row: MandateAudit, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = kept(tmp_path).read_text()
    with ThreadPoolExecutor(1) as other:
        other.submit(pipe.write_text, text)
        assert "Held against 1 checkpoint from outside." in run(f"--checkpoint={pipe}")[1]


@pytest.mark.parametrize("name", ["x" * 300, "file/in/a/file"])
def test_cannot_say_anything_where_its_own_file_cannot_be(
    row: MandateAudit, settings: Settings, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("")
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / name)
    code, _, _, why = run()
    if len(name) == 300:
        assert (code, why) == (
            2,
            "Cannot verify: AUDIT_CHECKPOINT_FILE cannot be read: File name too long.",
        )
        with pytest.raises(CommandError) as caught:
            call_command("audit_doctor", stdout=StringIO())
        assert caught.value.returncode == 2
    else:
        assert code == 0  # nothing was published there
