"""To seal…"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from random import Random
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError, connection, transaction

from audit import (
    exporting,
    guards,
    leaves,
    merkle,
    notes,
    sealer,
    sealing_run,
    subjects,
    turns,
    verification,
)
from audit.actions import Action, person
from audit.models import Checkpoint, Leaf, MandateAudit, Node, Pending, Subject
from audit.nodes import log_node
from audit.services import AuditUnavailableError, Entry, record_many
from tests.audit.conftest import MakeRow
from tests.ledger_flush import lift_guards

only_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite's writers take turns"
)
ORIGIN = settings.AUDIT_ORIGIN
PAT, SAM = UUID(int=1), UUID(int=2)
MINUTE = timedelta(minutes=1)


def seal(at: datetime, **said: Any) -> sealer.Seal | None:
    usual: dict[str, Any] = {"signers": settings.AUDIT_SIGNERS, "origin": ORIGIN, "is_told": False}
    return sealer.seal(at=at, **usual | said)


def the_log_is_whole() -> list[Leaf]:
    """Return its leaves, made again from what they say and found under every signature."""
    rows = list(Leaf.objects.order_by("log_index"))
    tags = dict(Subject.objects.values_list("number", "tag"))
    hashes = dict(MandateAudit.objects.values_list("id", "content_hash"))
    seals = {one.size - 1: one for one in Checkpoint.objects.all()}
    made = [
        leaves.event_leaf(
            event_id=row.event_id,
            content_hash=hashes[row.event_id],
            log_index=index,
            subject_tag=tags[row.subject],
            subject_seq=row.subject_seq,
        )
        if row.event_id is not None and row.subject is not None and row.subject_seq is not None
        else seals[index].leaf()
        for index, row in enumerate(rows)
    ]
    assert [bytes(row.leaf_hash) for row in rows] == [merkle.leaf_hash(leaf) for leaf in made]
    for one in seals.values():
        read = notes.read_checkpoint(one.note, settings.AUDIT_VERIFIERS, origin=ORIGIN)
        root = merkle.root_of(merkle.leaf_hash(leaf) for leaf in made[: one.size])
        assert (read.size, read.root, one.root) == (one.size, root, root.hex())
        assert merkle.root(one.size, log_node()) == root
        assert one.events_total == sum(row.event_id is not None for row in rows[: one.size])
    for subject in Subject.objects.all():
        own = Leaf.objects.filter(subject=subject.number).order_by("log_index")
        count = list(own.values_list("subject_seq", flat=True))
        assert count == list(range(1, subject.sealed + 1))
    newest = Checkpoint.objects.latest()
    whose = Subject.objects.order_by("number")
    assert newest.subjects_root == merkle.root_of(map(subjects.leaf_of, whose)).hex()
    return rows


def test_gives_every_record_its_place_in_the_log_and_in_its_trail(
    make_row: MakeRow, noon: datetime
) -> None:
    rows = [make_row(user) for user in (PAT, SAM, PAT, SAM, PAT)]

    made = [seal(noon + step * MINUTE, batch=2) for step in range(4)]

    assert [one and (one.events, one.is_drained) for one in made] == [
        (2, False),
        (2, False),
        (1, True),
        None,
    ]
    whole = the_log_is_whole()
    assert {row.event_id for row in whole} == {row.pk for row in rows} | {None}
    assert Counter(Subject.objects.values_list("sealed", flat=True)) == {3: 1, 2: 1}
    assert not Pending.objects.exists()


def test_says_since_when_what_it_takes_was_recorded(make_row: MakeRow, noon: datetime) -> None:
    def since(step: int, **said: Any) -> datetime | None:
        made = seal(noon + step * MINUTE, **said)
        assert made
        return made.checkpoint.since

    for _ in range(5):
        make_row()
    assert since(0, batch=4) is None
    assert since(1) is None
    for _ in range(5):
        make_row()
    assert since(2, batch=2) == noon + MINUTE
    assert since(3, batch=2) == noon + MINUTE
    assert since(4, batch=2) == noon + MINUTE
    make_row()
    assert since(5) == noon + 4 * MINUTE
    make_row()
    assert since(-1) == noon - MINUTE  # a clock that went back


def test_shows_every_hour_that_there_was_nothing(make_row: MakeRow, noon: datetime) -> None:
    assert seal(noon) is None
    make_row()
    assert seal(noon)

    assert seal(noon + 59 * MINUTE) is None
    silent = seal(noon + 60 * MINUTE)

    assert silent
    assert (silent.events, silent.checkpoint.size) == (0, 3)
    assert seal(noon + 61 * MINUTE) is None
    the_log_is_whole()


def test_is_recorded_and_that_record_waits_for_company(make_row: MakeRow, noon: datetime) -> None:
    make_row()
    assert seal(noon, is_told=True)

    told = MandateAudit.objects.get(action=Action.AUDIT_SEALED)
    assert told.metadata["tree_size"] == 2
    assert seal(noon + MINUTE, is_told=True) is None
    make_row()
    made = seal(noon + 2 * MINUTE)

    assert made
    assert made.events == 2
    the_log_is_whole()


def test_leaves_out_what_is_not_what_was_recorded_and_says_so_once_an_hour(
    make_row: MakeRow, noon: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    changed, gone, *_ = [make_row() for _ in range(4)]
    lift_guards(connection)
    with connection.cursor() as cursor:
        # whoever can do that can take the guards away
        cursor.execute("UPDATE mandate_audit SET actor = 'x' WHERE id = %s", [_key(changed.pk)])
        cursor.execute("DELETE FROM mandate_audit WHERE id = %s", [_key(gone.pk)])

    with caplog.at_level(logging.ERROR, "audit.waiting"):
        made = [seal(noon + step * MINUTE, batch=3) for step in range(3)]
        assert [one and one.events for one in made] == [1, 1, None] or made[1] is None
        seal(noon + 30 * MINUTE)

    assert sum(one.events for one in made if one) == 2
    assert len(caplog.records) in (1, 2)  # whether both were met at once
    assert "gone or not what was recorded" in caplog.text
    the_log_is_whole()
    caplog.clear()
    with caplog.at_level(logging.ERROR, "audit.waiting"):
        seal(noon + 65 * MINUTE)
    assert "2 records are gone" in caplog.text
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mandate_audit SET actor = %s WHERE id = %s", [changed.actor, _key(changed.pk)]
        )
    restored = seal(noon + 130 * MINUTE)

    assert restored
    assert (restored.events, restored.left_out) == (1, 1)
    the_log_is_whole()


POISON = {
    "a list in a list in a list": f'{{"a": {"[" * 900}{"]" * 900}}}',
    "deeper than can be read": f'{{"a": {"[" * 3_000}{"]" * 3_000}}}',
    "a number without end": f'{{"a": {"9" * 5_000}}}',
    "a fraction": '{"a": 1.5}',
    "no object": '"x"',
    "more than fits": f'{{"a": "{"x" * 200_000}"}}',
}


def poison(at: datetime, metadata: str, event_id: UUID | str) -> None:
    """Add what no code of ours would, with one INSERT."""
    said: dict[str, Any] = {
        "id": event_id,
        "actor": "system",
        "action": "session_created",
        "schema_v": 1,
    }
    said |= {"metadata": metadata, "created_at": at, "content_hash": "x"}
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(said))
        cursor.execute(
            f"INSERT INTO mandate_audit ({', '.join(said)}) VALUES ({places})",  # noqa: S608
            list(said.values()),
        )


@pytest.mark.parametrize("metadata", POISON.values(), ids=POISON)
def test_leaves_out_what_cannot_even_be_read(
    make_row: MakeRow, noon: datetime, metadata: str
) -> None:
    if connection.vendor == "sqlite" and "[" * 1_001 in metadata:
        pytest.skip("SQLite does not take it for JSON")
    poison(noon, metadata, _key(uuid4()))
    make_row()

    made = seal(noon)

    assert made
    assert (made.events, made.left_out) == (1, 1)
    for kind in ("jsonl", "csv"):
        wanted = exporting.Wanted(None, kind)
        lines = b"".join(exporting.export(wanted, actor="system", at=noon)).splitlines()
        assert (b'"unsealed":1' in lines[-1]) if kind == "jsonl" else len(lines) >= 3


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL takes nothing but ids")
@pytest.mark.parametrize("event_id", ["nonsense", "", "A" * 32, UUID(int=10).hex.upper()])
def test_leaves_out_what_has_no_id(make_row: MakeRow, noon: datetime, event_id: str) -> None:
    poison(noon, "{}", event_id)
    make_row()

    made = seal(noon)

    assert made
    assert (made.events, made.left_out) == (1, 1)
    wanted = exporting.Wanted(None, "jsonl")
    assert b"".join(exporting.export(wanted, actor="system", at=noon)).endswith(b'"unsealed":1}\n')


def test_believes_no_seal_of_a_time_to_come(make_row: MakeRow, noon: datetime) -> None:
    make_row(at=noon)
    seal(noon)
    make_row(at=noon + MINUTE)
    for hours in (24, 25):  # two seals while the clock is a day ahead
        assert seal(noon + timedelta(hours=hours))
    for minutes in (5, 20, 40):
        make_row(at=noon + minutes * MINUTE)
    made = seal(noon + 41 * MINUTE)

    assert made
    assert made.checkpoint.since == noon
    told = verification.verify(known=settings.AUDIT_VERIFIERS, origin=ORIGIN, at=noon + 42 * MINUTE)
    assert not told.findings


def _key(value: UUID) -> str:
    return str(value) if connection.vendor == "postgresql" else value.hex


def test_takes_no_record_twice(make_row: MakeRow, noon: datetime) -> None:
    row = make_row()
    assert seal(noon)
    Pending.objects.create(event_id=row.pk)

    assert seal(noon + MINUTE) is None
    assert not Pending.objects.exists()


@pytest.mark.django_db
def test_keeps_the_trees_right_however_they_grow(noon: datetime) -> None:
    random, people = Random(7), [UUID(int=number + 1) for number in range(257)]
    for step, many in enumerate([15, 16, 17, 255, 256, 257]):
        new = people[Subject.objects.count() : many]
        whose = [*new, *random.choices(people[:many], k=3)]
        record_many(
            Entry(action=Action.USER_LOGGED_OUT, user_id=one, actor=person(one), at=noon)
            for one in whose
        )
        assert seal(noon + step * MINUTE)
    the_log_is_whole()
    assert Node.objects.exists()


class BoomError(OperationalError):
    """The database fails."""


@contextmanager
def breaking_at(number: int) -> Iterator[list[str]]:
    """Break before the statement of that number; give those that were asked for."""
    asked: list[str] = []

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append(sql)
        if len(asked) == number:
            raise BoomError
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield asked


def test_leaves_nothing_half_done_wherever_it_breaks(make_row: MakeRow, noon: datetime) -> None:
    make_row(PAT)
    seal(noon)
    make_row(SAM)
    before = [model.objects.count() for model in (Leaf, Node, Checkpoint, Subject, Pending)]
    number = 0
    while True:
        number += 1
        try:
            with breaking_at(number) as asked, transaction.atomic():
                made = seal(noon + MINUTE, is_told=True)
        except (BoomError, AuditUnavailableError):
            counts = [model.objects.count() for model in (Leaf, Node, Checkpoint, Subject, Pending)]
            assert counts == before
        else:
            break

    assert number > len(asked) > 15
    assert made
    the_log_is_whole()


def _in_thread(deed: Callable[[], Any]) -> Any:
    try:
        return deed()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_is_for_one_at_a_time(make_row: MakeRow, noon: datetime) -> None:
    make_row()
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            first = seal(noon)
            second = other.submit(_in_thread, lambda: seal(noon))
            if connection.vendor == "postgresql":
                with pytest.raises(sealer.SealedElsewhereError):
                    second.result(10)  # without waiting for the first one's end
                other.submit(_in_thread, make_row).result(10)  # nor does a writer wait
        if connection.vendor != "postgresql":
            assert second.result(10) is None
    assert first
    the_log_is_whole()


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_is_not_stopped_by_who_may_only_read(make_row: MakeRow, noon: datetime) -> None:
    def hold(statement: str, *, may: bool) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE signupassist_operator")
            if may:
                cursor.execute(statement)
            else:
                with pytest.raises(ProgrammingError):
                    cursor.execute(statement)
                return
            holds.set()
            may_end.wait(10)

    for begun in (False, True):  # the first seal locks another thing than those after it
        make_row()
        holds, may_end = Event(), Event()
        with ThreadPoolExecutor(1) as other:
            for lock in ("SELECT 1 FROM audit_subject FOR UPDATE", turns._TABLE):
                other.submit(_in_thread, partial(hold, lock, may=False)).result(10)
            reader = partial(hold, "LOCK TABLE audit_subject IN ACCESS SHARE MODE", may=True)
            held = other.submit(_in_thread, reader)
            assert holds.wait(10)
            assert seal(noon + begun * MINUTE)
            may_end.set()
            held.result(10)
    the_log_is_whole()


@only_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_begun", [False, True])
def test_says_that_somebody_else_keeps_records_waiting(
    make_row: MakeRow, noon: datetime, has_begun: bool
) -> None:
    if has_begun:
        make_row()
        seal(noon)
    make_row()
    with ThreadPoolExecutor(1) as other, transaction.atomic():
        turns.wait()
        asked = other.submit(_in_thread, lambda: call_command("seal_audit"))
        with pytest.raises(CommandError, match="1 record wait") as caught:
            asked.result(10)

    assert caught.value.returncode == 2


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_loses_nothing_that_is_committed_late(make_row: MakeRow, noon: datetime) -> None:
    begun, may_end = Event(), Event()

    def slowly() -> None:
        with transaction.atomic():
            make_row(PAT)
            begun.set()
            may_end.wait(10)

    with ThreadPoolExecutor(1) as other:
        late = other.submit(_in_thread, slowly)
        assert begun.wait(10)
        make_row(SAM)
        assert seal(noon)
        may_end.set()
        late.result(10)
    made = seal(noon + MINUTE)

    assert made
    assert made.events == 1
    the_log_is_whole()


def test_goes_on_for_its_time_and_ends_at_once_when_it_is_asked(
    make_row: MakeRow, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("audit.sealing_run.time.monotonic", lambda: clock[0])
    sealed_at: list[float] = []
    log = sealing_run.Log(ORIGIN, settings.AUDIT_SIGNERS)

    def wait(seconds: float) -> None:
        clock[0] += seconds
        make_row()

    def run(**said: Any) -> sealing_run.Sealed:
        return sealing_run.run(
            log,
            now=lambda: noon + timedelta(seconds=clock[0]),
            after_seal=lambda _: sealed_at.append(clock[0] - 1_000),
            wait=wait,
            **said,
        )

    make_row(uuid4())
    done = run(seconds=13)
    assert sealed_at == [0, 5, 10]
    assert (done.seals, done.records) == (3, 12)  # the one that tells of them included

    monkeypatch.setattr(sealing_run, "CROWD", 2)
    sealed_at.clear()
    run(seconds=60, is_stopped=lambda: clock[0] > 1_020)
    assert sealed_at[:3] == [12, 13, 15]  # the record of the first seal is one of a crowd
    assert clock[0] < 1_022
    assert MandateAudit.objects.filter(action=Action.AUDIT_SEALED).count() == 2
    the_log_is_whole()


def test_leaves_what_is_of_a_time_to_come_until_then(make_row: MakeRow, noon: datetime) -> None:
    row = make_row(at=noon + 10 * MINUTE)

    make_row(at=noon)

    first = seal(noon + MINUTE)
    assert first
    assert (first.events, first.is_drained, first.checkpoint.is_drained) == (1, True, False)
    assert seal(noon + 2 * MINUTE) is None
    later = seal(noon + 6 * MINUTE)

    assert later
    assert (later.events, later.checkpoint.is_drained) == (1, True)
    assert Leaf.objects.filter(event_id=row.pk).exists()
    told = verification.verify(known=settings.AUDIT_VERIFIERS, origin=ORIGIN, at=noon + 6 * MINUTE)
    assert not told.findings


@pytest.mark.django_db
def test_misses_nothing_of_while_a_trigger_was_away(make_row: MakeRow, noon: datetime) -> None:
    make_row()
    seal(noon)
    lift_guards(connection)
    make_row()
    assert not Pending.objects.exists()

    guards.install(connection)

    made = seal(noon + MINUTE)
    assert made
    assert made.events == 1
    the_log_is_whole()
    Pending.objects.all().delete()
    make_row()
    Pending.objects.all().delete()
    guards.install(connection)  # nothing was away: the ledger is not read
    assert not Pending.objects.exists()
