"""Refusing to seal…"""

# ruff: noqa: S608  every statement is made of names of ours

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from audit import guards, log_keys, sealer, sealing_run
from audit.actions import SYSTEM, Action
from audit.models import Checkpoint, MandateAudit, Node, Subject
from audit.notes import Signer, Verifier
from audit.sealer import SealingRefusedError
from audit.services import Entry, record_many
from tests.audit.conftest import MakeRow
from tests.ledger_flush import lift_guards

ORIGIN = settings.AUDIT_ORIGIN
OLD = Signer(ORIGIN, bytes(range(32)))
NEW = Signer(ORIGIN, bytes(range(32, 64)))
HOUR = timedelta(hours=1)
ALL = ("leaf", "node", "checkpoint", "subject", "subject_node")


def seal(at: datetime, **said: Any) -> sealer.Seal | None:
    usual: dict[str, Any] = {"signers": [NEW], "origin": ORIGIN, "is_told": False}
    return sealer.seal(at=at, **usual | said)


def run(
    at: datetime, file: Path, origin: str = ORIGIN, *, known: Sequence[Verifier] = ()
) -> sealing_run.Sealed:
    signer = Signer(origin, bytes(range(32, 64)))
    return sealing_run.run(sealing_run.Log(origin, [signer], known, file), now=lambda: at)


def execute(statement: str) -> None:
    """Do what only an owner of the database can."""
    lift_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement)
    guards.install(connection)


ZEROES = "'\\x00'" if connection.vendor == "postgresql" else "X'00'"
FORGERIES: dict[str, str] = {
    "the newest leaf is gone": "DELETE FROM audit_leaf WHERE log_index = 7",
    "the newest record's leaf is gone": "DELETE FROM audit_leaf WHERE log_index = 6",
    "a leaf is another": f"UPDATE audit_leaf SET leaf_hash = {ZEROES} WHERE log_index = 7",
    "a checkpoint is gone": "DELETE FROM audit_checkpoint WHERE size = 8",
    "all checkpoints are gone": "DELETE FROM audit_checkpoint",
    "a checkpoint says another root": "UPDATE audit_checkpoint SET root = subjects_root",
    "a checkpoint says another total": "UPDATE audit_checkpoint SET events_total = 3",
    "a checkpoint says another time": "UPDATE audit_checkpoint SET since = NULL",
    "a checkpoint has another note": "UPDATE audit_checkpoint SET note = replace(note, '8', '9')",
    "a subject has fewer": "UPDATE audit_subject SET sealed = sealed - 1",
    "a subject is gone": "DELETE FROM audit_subject WHERE number = 2",
    "their subject is gone": "DELETE FROM audit_subject WHERE number = {theirs}",
    "their subject has another name": "UPDATE audit_subject SET tag = 'x' WHERE number = {theirs}",
    "a checkpoint names another log": "UPDATE audit_checkpoint SET note = 'x' || note",
    "the tree of subjects is another": f"UPDATE audit_subject_node SET hash = {ZEROES}",
    "the tree of subjects is gone": "DELETE FROM audit_subject_node",
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_when_the_log_is_not_what_was_signed(
    make_row: MakeRow, noon: datetime, forgery: str
) -> None:
    people = [make_row().user_id for _ in range(3)]
    seal(noon)
    for user in people:
        make_row(user)
    seal(noon + HOUR)
    assert Checkpoint.objects.latest().size == 8

    execute(forgery.format(theirs=Subject.objects.get(user_id=people[0]).number))
    make_row(people[0])

    with pytest.raises(SealingRefusedError):
        seal(noon + HOUR)
    with pytest.raises(SealingRefusedError):  # nor by a heartbeat
        seal(noon + 3 * HOUR)


@pytest.mark.django_db
def test_when_a_kept_node_is_another(noon: datetime) -> None:
    said = Entry(action=Action.USER_LOGGED_OUT, user_id=None, actor=SYSTEM, at=noon)
    record_many([said] * 255)
    assert seal(noon)
    assert Node.objects.count() == 1

    execute(f"UPDATE audit_node SET hash = {ZEROES}")

    with pytest.raises(SealingRefusedError):
        seal(noon + HOUR)


@pytest.mark.parametrize("cut", [["leaf"], ALL])
def test_when_the_log_was_published_and_is_shorter_now(
    make_row: MakeRow, noon: datetime, tmp_path: Path, cut: Sequence[str]
) -> None:
    make_row()
    run(noon, tmp_path / "notes")

    for name in cut:
        execute(f"DELETE FROM audit_{name}")
    make_row()

    with pytest.raises(SealingRefusedError):
        run(noon + HOUR, tmp_path / "notes")


def test_when_a_backup_was_restored_until_the_log_gets_another_name(
    make_row: MakeRow, noon: datetime, tmp_path: Path
) -> None:
    file = tmp_path / "notes"
    make_row()
    run(noon, file)
    backup = {name: _rows(f"audit_{name}") for name in ALL}
    make_row()
    run(noon + HOUR, file)
    for name in ALL:
        execute(f"DELETE FROM audit_{name}")
        _put_back(f"audit_{name}", backup[name])

    for _ in range(2):
        make_row()
        with pytest.raises(SealingRefusedError, match="shorter"):
            run(noon + HOUR, file)
    # grown past what was published, it is another log all the same
    for _ in range(3):
        assert seal(noon + 2 * HOUR) or make_row()
    with pytest.raises(SealingRefusedError, match="not the one that was published"):
        run(noon + 3 * HOUR, file)
    with pytest.raises(SealingRefusedError, match="no key in AUDIT_VERIFY_KEY"):
        run(noon + 4 * HOUR, file, "another.example.org")
    known = [NEW.verifier]
    assert run(noon + 4 * HOUR, file, "another.example.org", known=known).is_published

    make_row()
    assert run(noon + 5 * HOUR, file, "another.example.org", known=known).records
    told = MandateAudit.objects.filter(action=Action.AUDIT_SEALED).order_by("created_at")
    assert [row.metadata.get("origin") for row in told].count("another.example.org") == 1


def test_when_a_backup_is_restored_in_the_midst_of_a_run(
    make_row: MakeRow, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("audit.sealing_run.time.monotonic", lambda: clock[0])
    make_row()
    seal(noon)
    backup = {name: _rows(f"audit_{name}") for name in ALL}
    make_row()
    sizes: list[int] = []

    def restore(_: float) -> None:
        clock[0] += sealing_run.PAUSE_SECONDS
        for name in ALL:
            execute(f"DELETE FROM audit_{name}")
            _put_back(f"audit_{name}", backup[name])
        for _ in range(9):
            make_row()

    with pytest.raises(SealingRefusedError):
        sealing_run.run(
            sealing_run.Log(ORIGIN, [NEW]),
            now=lambda: noon + HOUR,
            seconds=30,
            wait=restore,
            after_seal=lambda made: sizes.append(made.checkpoint.size),
        )
    assert len(sizes) == 1


def _rows(table: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return list(cursor.fetchall())


def _put_back(table: str, rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        for row in rows:
            places = ", ".join("%s" for _ in row)
            cursor.execute(f"INSERT INTO {table} VALUES ({places})", row)


def test_by_an_unknown_key_but_not_in_an_overlap(make_row: MakeRow, noon: datetime) -> None:
    make_row()
    assert seal(noon, signers=[OLD])
    make_row()
    with pytest.raises(SealingRefusedError, match="key"):
        seal(noon, signers=[NEW])
    assert seal(noon, signers=[NEW, OLD])
    make_row()
    assert seal(noon, signers=[NEW])
    make_row()

    both = log_keys.verifiers(str(OLD.verifier), (NEW,))
    assert seal(noon, signers=[OLD], known=both)
