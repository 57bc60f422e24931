"""Verifying the ledger…"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from audit import canonical, notes, stored, verification
from audit.actions import Action
from audit.canonical import ProfileError
from audit.models import Checkpoint, MandateAudit
from audit.verification import CannotVerifyError, Finding, Flaw, Report, outside
from audit.verification.flaws import MOST_KEPT, Findings
from tests.audit.attacking import attack, attack_unchecked, key
from tests.audit.conftest import MakeRow, sealed
from tests.audit.test_canonical import KEYS, ROW, VALUES

Rows = list[MandateAudit]


def verify(at: datetime, **how: Any) -> Report:
    usual = {"known": settings.AUDIT_VERIFIERS, "origin": settings.AUDIT_ORIGIN}
    return verification.verify(at=at, **usual | how)


@pytest.mark.parametrize("batch", [1, 3, 2_000])
def test_finds_a_sound_log_sound(
    small_log: Rows, make_row: MakeRow, noon: datetime, batch: int
) -> None:
    make_row(at=noon + timedelta(minutes=1))
    seen: list[int] = []
    report = verify(noon + timedelta(minutes=2), batch=batch, after_batch=seen.append)

    assert report == Report(
        events=5, checkpoints=2, size=7, unsealed=1, outside=0, found=0, findings=()
    )
    assert (seen[-1], sorted(seen)) == (7, seen)


@pytest.mark.parametrize("batch", [1, 2_000])
def test_asks_little_of_the_database(
    small_log: Rows, noon: datetime, batch: int, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(45 if batch == 1 else 15):
        verify(noon, batch=batch)


@pytest.mark.django_db
def test_reads_every_kind_of_value_as_it_was_recorded(make_row: MakeRow, noon: datetime) -> None:
    every = {
        "credential_id": uuid4(),
        "session_id": uuid4(),
        "program_ref": "Küche \u2028 \U0001f3bf",
    }
    make_row(**every)
    make_row(at=noon + timedelta(microseconds=120))
    make_row(action=Action.USER_LOGIN_FAILED, user_id=None, actor="anonymous")
    sealed(noon + timedelta(seconds=1))

    assert verify(noon).found == 0
    assert [stored.is_unchanged(row) for row in stored.newest(5)] == [True, True, True]


@pytest.mark.django_db
def test_cannot_say_anything_without_a_key_or_a_seal(make_row: MakeRow, noon: datetime) -> None:
    make_row()
    with pytest.raises(CannotVerifyError, match="nothing was ever sealed"):
        verify(noon)
    with pytest.raises(CannotVerifyError, match="no key to verify with"):
        verify(noon, known=())


def test_sees_what_waits_too_long(small_log: Rows, make_row: MakeRow, noon: datetime) -> None:
    waits = make_row(at=noon + timedelta(minutes=1))
    assert verify(noon + timedelta(minutes=5)).found == 0
    assert verify(noon + timedelta(minutes=7)).findings == (
        Finding(Flaw.WAITS_TOO_LONG, f"record {waits.pk}"),
    )


def test_lets_the_record_of_a_seal_wait_for_company(small_log: Rows, noon: datetime) -> None:
    assert sealed(noon + timedelta(hours=2), is_told=True)
    assert verify(noon + timedelta(hours=3)).found == 0
    assert [one.flaw for one in verify(noon + timedelta(hours=4)).findings] == [Flaw.WAITS_TOO_LONG]


def test_knows_the_notes_from_before_the_log_was_named_anew(
    small_log: Rows, noon: datetime
) -> None:
    old = notes.Signer("example.org/log", bytes(range(32)))
    first = Checkpoint.objects.get(size=4)
    note = notes.Checkpoint("example.org/log", 4, bytes.fromhex(first.root)).signed_by([old])
    attack("UPDATE audit_checkpoint SET note = %s WHERE size = 4", note)

    assert verify(noon).found == 1
    assert verify(noon, known=[old.verifier, *settings.AUDIT_VERIFIERS]).found == 0


def test_does_not_take_two_values_of_one_key_for_one(small_log: Rows, noon: datetime) -> None:
    [row] = stored.sealed(after=0, size=1)
    values = list(row[6:])
    place = stored.COLUMNS.index("metadata")
    assert stored.is_unchanged(values)
    values[place] = '{"org_ref": "another", ' + values[place].lstrip("{ ")
    assert not stored.is_unchanged(values)


@pytest.mark.parametrize("metadata", ["[" * 100_000, "", None, b"{}", "{", '{"a": "\\ud800"}'])
def test_takes_no_nonsense_for_a_record(small_log: Rows, metadata: Any) -> None:
    [row] = stored.sealed(after=0, size=1)
    values = list(row[6:])
    values[stored.COLUMNS.index("metadata")] = metadata

    assert not stored.is_unchanged(values)


only_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL takes nothing but what a column is for"
)
ODD = {
    "a key twice": '{"a": 1, "a": 2}',
    "half a character": '{"a": "\\ud800"}',
    "no number": '{"a": NaN}',
    "a number without end": f'{{"a": {"9" * 5_000}}}',
    "no object": "7",
    "no JSON": "{a: 1}",
    "a blob": b"\xff",
    "no text": b'{"a": "\xff"}',
}


@only_sqlite
@pytest.mark.parametrize("metadata", ODD.values(), ids=ODD)
def test_names_an_odd_record_and_goes_on(
    small_log: Rows, noon: datetime, metadata: str | bytes
) -> None:
    place = "CAST(%s AS TEXT)" if metadata == ODD["no text"] else "%s"
    statement = f"UPDATE mandate_audit SET metadata = {place} WHERE id = %s"  # noqa: S608
    attack_unchecked(statement, metadata, key(small_log[1].pk))

    report = verify(noon)
    assert [str(one) for one in report.findings] == [
        f"record {small_log[1].pk} (#1) {Flaw.CHANGED}"
    ]
    assert report.events == len(small_log)


@only_sqlite
def test_names_an_odd_id_that_can_be_printed(small_log: Rows, noon: datetime) -> None:
    attack_unchecked("INSERT INTO audit_pending (event_id) VALUES (CAST(%s AS TEXT))", b"\x1b\xff")

    [finding] = verify(noon, batch=1).findings
    assert (finding.flaw, str(finding).isprintable()) == (Flaw.WAITS_FOR_NOTHING, True)


@only_sqlite
@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        ("audit_leaf", "subject_seq", b"1"),
        ("audit_leaf", "log_index", "x"),
        ("audit_subject", "number", 1.5),
        ("audit_subject_node", "hash", "x"),
        ("audit_checkpoint", "size", "x"),
        ("audit_checkpoint", "note", b"x"),
    ],
)
def test_names_a_row_of_the_log_that_cannot_be_read(
    small_log: Rows, noon: datetime, table: str, column: str, said: Any
) -> None:
    attack_unchecked(
        f"UPDATE {table} SET {column} = %s WHERE rowid = (SELECT min(rowid) FROM {table})",  # noqa: S608
        said,
    )
    assert [one.flaw for one in verify(noon).findings] == [Flaw.OTHER_KIND]


@only_sqlite
def test_sees_a_trail_of_nobodys_id(small_log: Rows, noon: datetime) -> None:
    attack("UPDATE audit_subject SET user_id = 'nobody' WHERE number = 1")
    assert [one.flaw for one in verify(noon).findings] == [Flaw.SUBJECT_CHANGED]


def test_takes_no_record_without_a_time_for_one(small_log: Rows) -> None:
    [row] = stored.sealed(after=0, size=1)
    values = list(row[6:])
    values[stored.CREATED_AT] = None
    said = dict(zip(stored.COLUMNS, values, strict=False))
    values[-1] = canonical.quick_hash(said | {"metadata": json.loads(said["metadata"])})

    assert not stored.is_unchanged(values)


def test_needs_little_memory_for_a_record_without_end(small_log: Rows, noon: datetime) -> None:
    for column, said in (
        ("metadata", f'{{"a": [{"[]," * 100_000}1]}}'),
        ("provider", "x" * 300_000),
    ):
        attack(f"UPDATE mandate_audit SET {column} = %s WHERE id = %s", said, key(small_log[0].pk))  # noqa: S608
        [row] = stored.sealed(after=-1, size=1)
        assert sum(len(str(value)) for value in row) < 70_000
    assert [one.flaw for one in verify(noon).findings] == [Flaw.CHANGED]


def test_sees_a_record_of_a_schema_that_does_not_exist(small_log: Rows, noon: datetime) -> None:
    attack("UPDATE mandate_audit SET schema_v = 7 WHERE id = %s", key(small_log[0].pk))
    assert [one.flaw for one in verify(noon).findings] == [Flaw.CHANGED]


def test_sees_a_year_before_the_first_one(small_log: Rows, noon: datetime) -> None:
    said = "2026-07-14 12:00:00+00 BC"
    attack("UPDATE mandate_audit SET created_at = %s WHERE id = %s", said, key(small_log[0].pk))
    assert [one.flaw for one in verify(noon).findings] == [Flaw.CHANGED]


@pytest.mark.once
def test_needs_little_memory_for_many_findings() -> None:
    findings = Findings()
    for number in range(MOST_KEPT + 5):
        findings.add(Flaw.GONE, str(number))
    assert (findings.number, len(findings.kept)) == (MOST_KEPT + 5, MOST_KEPT)


# The quick form of the hash


@pytest.mark.once
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_hashes_quickly_what_was_hashed_with_care(metadata: dict[str, Any]) -> None:
    row = ROW | {"metadata": metadata}
    said = {
        name: canonical.moment(value)
        if isinstance(value, datetime)
        else str(value)
        if hasattr(value, "hex") and not isinstance(value, int)
        else value
        for name, value in row.items()
    }
    assert canonical.quick_hash(said) == canonical.content_hash(row)


@pytest.mark.once
def test_has_no_quick_hash_without_a_column_or_of_another_schema() -> None:
    said = dict.fromkeys(ROW, "x")
    with pytest.raises(ProfileError, match="schema version"):
        canonical.quick_hash(said)
    with pytest.raises(ProfileError, match="actor"):
        canonical.quick_hash({name: value for name, value in ROW.items() if name != "actor"})


# Checkpoints in files


def test_reads_all_checkpoints_of_a_file(small_log: Rows, tmp_path: Path) -> None:
    stranger = notes.Signer(settings.AUDIT_ORIGIN, bytes(range(32)))
    kept = [one.note for one in Checkpoint.objects.order_by("size")]
    torn, unknown = kept[1][:-20], notes.Checkpoint(settings.AUDIT_ORIGIN, 9, bytes(32))
    both = notes.read_checkpoint(kept[0], settings.AUDIT_VERIFIERS).signed_by(
        [stranger, *settings.AUDIT_SIGNERS]
    )
    file = tmp_path / "kept"
    file.write_text("\n\n".join([kept[0], torn, unknown.signed_by([stranger]), both, kept[1]]))

    found = outside.read(file, settings.AUDIT_VERIFIERS, origin=settings.AUDIT_ORIGIN)
    assert [one.size for one in found] == [4, 4, 7]


def test_holds_a_checkpoint_against_the_leaves_where_its_row_is_gone(
    small_log: Rows, noon: datetime
) -> None:
    [first, _] = Checkpoint.objects.order_by("size")
    attack("DELETE FROM audit_checkpoint WHERE size = 4")
    same = notes.Checkpoint(settings.AUDIT_ORIGIN, 4, bytes.fromhex(first.root))
    other = notes.Checkpoint(settings.AUDIT_ORIGIN, 4, bytes(32))

    assert Flaw.REWRITTEN not in {one.flaw for one in verify(noon, published=[same]).findings}
    assert Flaw.REWRITTEN in {one.flaw for one in verify(noon, published=[other]).findings}


@pytest.mark.django_db(transaction=True)
def test_sees_all_of_it_as_it_was_at_one_moment(make_row: MakeRow) -> None:
    at = datetime.now(UTC)
    make_row(at=at)
    sealed(at)
    batches = 0

    def meanwhile(_: int) -> None:
        nonlocal batches
        batches += 1

    assert verify(at, batch=1, after_batch=meanwhile).found == 0
    assert batches == 2
    make_row(at=at)  # nothing of the transaction is left
    assert sealed(at)
