"""To seal beside others, who write, read and seal…"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from audit import (
    sealer,
    turns,
)
from tests.audit.conftest import MakeRow
from tests.audit.sealed import MINUTE, PAT, SAM, seal, the_log_is_whole

only_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite's writers take turns"
)


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
