"""Finding records…"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from audit import finding
from audit.actions import Action
from audit.finding import Question, page, page_after, place_of
from audit.models import MandateAudit
from audit.paging import Place
from tests.audit.conftest import MakeRow, needed

Rows = list[MandateAudit]
FAILURES = (Action.TOOL_FAILED, Action.USER_LOGIN_FAILED, Action.CREDENTIALS_ACCESS_FAILED)


@pytest.fixture
def twenty(make_row: MakeRow, noon: datetime) -> Rows:
    """Return records of three actions and two providers, newest first."""
    return [
        make_row(
            action=FAILURES[number % 3],
            provider="swimdesk" if number % 5 == 0 else "skiclubpro",
            program_ref="week-1" if number == 1 else None,
            at=noon + timedelta(seconds=number // 2),  # two at each moment: the id decides
        )
        for number in range(20)
    ][::-1]


def _walk(question: Question, size: int) -> Iterator[finding.Found]:
    before: Place | None = None
    while True:
        found = page(question, before=before, size=size)
        yield found
        before = found.older
        if before is None:
            return


def _all(question: Question, size: int = 3) -> Rows:
    return [row for found in _walk(question, size) for row in found.rows]


def _fitting(rows: Rows, **said: Any) -> Rows:
    fit = [row for row in rows if all(getattr(row, name) == it for name, it in said.items())]
    return sorted(fit, key=place_of, reverse=True)


@pytest.mark.parametrize("most", [1, 4, 20_000])
@pytest.mark.parametrize("size", [1, 3, 50])
def test_finds_each_that_fits_once_however_little_is_read_at_a_time(
    twenty: Rows, monkeypatch: pytest.MonkeyPatch, most: int, size: int
) -> None:
    monkeypatch.setattr(finding, "MOST_READ", most)
    tool = str(Action.TOOL_FAILED)

    assert _all(Question(), size) == _fitting(twenty)
    assert _all(Question(actions=(tool,)), size) == _fitting(twenty, action=tool)
    assert _all(Question(actions=FAILURES), size) == _fitting(twenty)
    assert _all(Question(provider="swimdesk"), size) == _fitting(twenty, provider="swimdesk")
    of_kind = Question(actions=FAILURES, provider="swimdesk")
    assert _all(of_kind, size) == _fitting(twenty, provider="swimdesk")


def test_says_how_far_it_looked(twenty: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_READ", 6)
    looks = list(_walk(Question(program_ref="week-1"), 50))

    assert [len(look.rows) for look in looks] == [0, 0, 0, 1]
    assert looks[0].stopped_at == _fitting(twenty)[5].created_at
    assert looks[-1].stopped_at is None


@pytest.mark.parametrize(
    "question", [Question(), Question(actions=FAILURES, provider="skiclubpro")]
)
def test_comes_back_the_way_it_went(
    twenty: Rows, monkeypatch: pytest.MonkeyPatch, question: Question
) -> None:
    monkeypatch.setattr(finding, "MOST_READ", 12)
    rows = _all(question)
    last = place_of(rows[-1])

    seen: Rows = [rows[-1]]
    for _ in range(30):
        found = page_after(question, after=last, size=3)
        seen = [row for row in found.rows if row not in seen] + seen
        if found.newer is None:
            break
        last = found.newer

    assert seen == rows
    assert found.rows == page(question, size=3).rows  # the newest page is whole


def test_keeps_to_the_limits_in_time(twenty: Rows, noon: datetime) -> None:
    question = Question(since=noon + timedelta(seconds=2), until=noon + timedelta(seconds=4))

    assert _all(question) == _fitting(twenty)[12:16]


def test_looks_for_a_source_among_the_records_that_tell_one(
    make_row: MakeRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = needed(Action.TOOL_SUCCEEDED)
    make_row(action=Action.TOOL_SUCCEEDED, metadata=told | {"source": "mcp"})
    sought = make_row(action=Action.TOOL_SUCCEEDED, metadata=told | {"source": "google"})
    make_row(action=Action.MESSAGE_SENT)

    assert _all(Question(source="google")) == [sought]
    assert _all(Question(source="google", actions=("message_sent",))) == []


@pytest.mark.parametrize("named_by", finding.NAMED_BY_UUID)
def test_follows_a_trail_and_narrows_it(make_row: MakeRow, named_by: str) -> None:
    own = {"session_id": uuid4(), "credential_id": uuid4()}
    sought = make_row(**own)
    make_row(sought.user_id, action=Action.MESSAGE_SENT, **own)
    make_row()
    name = getattr(sought, named_by)
    trail = finding.trail_named(name)
    assert trail
    assert (trail.named_by, trail.user_id) == (named_by, sought.user_id)

    assert _all(Question(trail=trail, actions=(sought.action,))) == [sought]
    assert _all(Question(trail=trail, provider="another")) == []
    assert finding.trail_named(UUID(int=1)) is None


def _count(question: Question) -> tuple[int, bool]:
    found = finding.count(question, page(question, size=2))
    return found.number, found.is_all


def test_counts_as_far_as_is_cheap(twenty: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _count(Question(actions=FAILURES)) == (20, True)
    assert _count(Question(program_ref="week-1")) == (1, True)
    assert _count(Question(provider="swimdesk")) == (2, False)

    monkeypatch.setattr(finding, "MOST_COUNTED", 7)
    assert _count(Question(actions=FAILURES)) == (7, False)
    assert _count(Question()) == (7, False)


def test_tells_a_signup_from_its_beginning(make_row: MakeRow, noon: datetime) -> None:
    session_id = uuid4()
    rows = [
        make_row(session_id=session_id, at=noon + timedelta(seconds=number)) for number in range(4)
    ]
    make_row(session_id=uuid4())

    first, has_more = finding.story(session_id, after=None, size=3)
    rest, is_unfinished = finding.story(session_id, after=place_of(first[-1]), size=3)

    assert (first, has_more) == (rows[:3], True)
    assert (rest, is_unfinished) == (rows[3:], False)
    assert finding.neighbours(rows[1]) == (rows[0], rows[2])
    assert finding.neighbours(rows[0])[0] is None
