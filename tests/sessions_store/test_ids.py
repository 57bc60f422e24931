"""Ids in the order of time…"""

from datetime import UTC, datetime, timedelta

import pytest

from sessions_store.ids import time_ordered

pytestmark = pytest.mark.once


def test_are_uuids_of_version_7() -> None:
    example = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)  # the one of RFC 9562, appendix A.6

    made = time_ordered(example)

    assert str(made)[:15] == "017f22e2-79b0-7"
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_stand_in_the_order_of_time(noon: datetime) -> None:
    made = [time_ordered(noon + timedelta(milliseconds=number)) for number in range(1_000)]

    assert sorted(made) == made
    assert sorted(one.hex for one in made) == [one.hex for one in made]


def test_are_never_the_same_and_not_to_be_guessed(noon: datetime) -> None:
    made = [time_ordered(noon).int for _ in range(1_000)]

    assert len(set(made)) == 1_000
    ever_set = ever_clear = 0
    for one in made:
        ever_set, ever_clear = ever_set | one, ever_clear | ~one
    assert (ever_set & ever_clear & ((1 << 128) - 1)).bit_count() == 74
