"""Paging…"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audit.models import MandateAudit
from audit.paging import BadCursorError, page_of
from tests.audit.conftest import MakeRow


def _walk(size: int) -> list[UUID]:
    found: list[UUID] = []
    cursor: str | None = None
    for _ in range(100):
        page = page_of(MandateAudit.objects.all(), cursor, size)
        assert len(page.rows) <= size
        found += [row.id for row in page.rows]
        if page.next is None:
            break
        cursor = page.next
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7])
def test_shows_every_row_once_newest_first(make_row: MakeRow, noon: datetime, size: int) -> None:
    # three pairs of the same moment, a microsecond between the pairs
    made = [make_row(at=noon + timedelta(microseconds=number // 2)) for number in range(6)]

    newest_first = sorted(made, key=lambda row: (row.created_at, row.id), reverse=True)
    assert _walk(size) == [row.id for row in newest_first]


def test_says_when_there_is_no_more(make_row: MakeRow) -> None:
    make_row()
    make_row()

    assert page_of(MandateAudit.objects.all(), None, 2).next is None
    assert page_of(MandateAudit.objects.all(), None, 1).next is not None
    assert page_of(MandateAudit.objects.none(), None).rows == []


def test_is_not_moved_by_rows_that_arrive_meanwhile(make_row: MakeRow, noon: datetime) -> None:
    oldest, newer = make_row(at=noon), make_row(at=noon + timedelta(seconds=1))
    first = page_of(MandateAudit.objects.all(), None, 1)
    make_row(at=noon + timedelta(seconds=2))

    assert first.rows == [newer]
    assert page_of(MandateAudit.objects.all(), first.next, 1).rows == [oldest]


def test_takes_fifty_unless_told(make_row: MakeRow, noon: datetime) -> None:
    for number in range(51):
        make_row(at=noon + timedelta(seconds=number))

    assert len(page_of(MandateAudit.objects.all(), None).rows) == 50


def test_enters_the_index_at_the_place(make_row: MakeRow) -> None:
    make_row()
    make_row()
    cursor = page_of(MandateAudit.objects.all(), None, 1).next

    with CaptureQueriesContext(
        connection,
    ) as queries:
        page_of(MandateAudit.objects.all(), cursor, 1)

    assert len(queries) == 1
    where = queries[0]["sql"].split("WHERE")[1]
    assert '"created_at" <= ' in where
    assert where.index("<=") < where.index(" OR ")


@pytest.mark.once
@pytest.mark.parametrize(
    "cursor",
    ["x", "!", "AAAA", "A" * 31, "A" * 33, "A" * 4_000, "////////" * 4, "f" * 32, "é", " ", "\0"],
)
def test_refuses_a_cursor_that_no_page_gave(cursor: str) -> None:
    with pytest.raises(BadCursorError):
        page_of(MandateAudit.objects.all(), cursor)


@pytest.mark.once
@given(cursor=st.text(min_size=1, max_size=40))
def test_answers_any_text_with_a_refusal(cursor: str) -> None:
    with pytest.raises(BadCursorError):
        page_of(MandateAudit.objects.none(), cursor)


def test_gives_cursors_that_fit_into_an_address(make_row: MakeRow) -> None:
    make_row(uuid4())
    make_row(uuid4())

    cursor: Any = page_of(MandateAudit.objects.all(), None, 1).next

    assert len(cursor) == 32
    assert cursor.replace("-", "").replace("_", "").isalnum()
