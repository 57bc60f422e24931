"""To seal…"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from audit import (
    guards,
    sealing_run,
    verification,
)
from audit.actions import Action, person
from audit.models import Checkpoint, Leaf, MandateAudit, Node, Pending, Subject
from audit.services import AuditUnavailableError, Entry, record_many
from tests.audit.conftest import MakeRow
from tests.audit.sealed import MINUTE, ORIGIN, PAT, SAM, seal, the_log_is_whole
from tests.ledger_flush import lift_guards


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
