"""When an unclear registration is looked at again…"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.submissions import timetable

pytestmark = pytest.mark.once

SENT = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=23, minutes=59))


def minutes(moment: datetime) -> float:
    return (moment - SENT) / timedelta(minutes=1)


@pytest.mark.parametrize(
    ("at", "slot"),
    [(0, 1), (0.9, 1), (1, 5), (4.9, 5), (5, 10), (9.99, 10), (10, 20), (19, 20), (1439, 1440)],
)
def test_is_looked_up_at_these_times(at: float, slot: float) -> None:
    assert minutes(timetable.next_lookup(SENT, SENT + timedelta(minutes=at))) == slot


@pytest.mark.parametrize(
    ("attempts", "at", "slot"),
    [(1, 0, 5), (2, 1, 10), (2, 5.5, 10.5), (3, 10, 360), (4, 360, 1440), (2, 420, 425)],
)
def test_is_sent_again_at_these_times(attempts: int, at: float, slot: float) -> None:
    found = timetable.next_resend(SENT, attempts, SENT + timedelta(minutes=at))
    assert minutes(found) == slot


@given(SPANS, st.integers(1, 9))
def test_is_never_put_off_beyond_the_day(after: timedelta, attempts: int) -> None:
    at = SENT + after
    end = SENT + timetable.GIVEN_UP_AFTER
    assert at < timetable.next_lookup(SENT, at) <= end
    assert at < timetable.next_resend(SENT, attempts, at) <= end


@pytest.mark.parametrize(
    ("attempts", "at", "due"),
    [
        (1, 0.9, False),
        (1, 1, True),
        (2, 9.9, False),
        (2, 10, True),
        (3, 359, False),
        (3, 360, True),
        (4, 1400, False),
    ],
)
def test_may_be_sent_again_by_then(attempts: int, at: float, due: bool) -> None:
    assert timetable.is_resend_due(SENT, attempts, SENT + timedelta(minutes=at)) is due


@pytest.mark.parametrize(
    ("lookups", "at", "absent"),
    [(3, 10, True), (2, 60, False), (9, 9.99, False), (3, 1439, True)],
)
def test_is_absent_only_then(lookups: int, at: float, absent: bool) -> None:
    moment = SENT + timedelta(minutes=at)
    assert timetable.is_certainly_absent(SENT, lookups, moment) is absent
