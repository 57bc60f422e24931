"""To draw a picture of numbers…"""

from datetime import date

import pytest

from signupassist.dashboard import charts

pytestmark = pytest.mark.once

SERIES = (charts.Series("a", "A"), charts.Series("b", "B"))


def test_draws_columns_that_stand_on_the_ground_and_reach_the_top() -> None:
    days = {
        date(2026, 7, 13): {"a": 30, "b": 10},
        date(2026, 7, 14): {"b": 1},
        date(2026, 7, 15): {},
    }

    made = charts.columns("Actions", SERIES, days)

    full, little, none = made.columns
    assert [(one.start, one.length) for one in full.pieces] == [(25.0, 75.0), (0.0, 25.0)]
    assert [(one.start, one.length) for one in little.pieces] == [(100.0, 0.0), (97.5, 2.5)]
    assert none.numbers == ["0", "0", "0"]
    assert made.description == "41 in all; the most, 40, on 13 July."
    assert full.x + full.width < little.x < 100


def test_draws_what_is_there_however_little_it_is() -> None:
    (piece,) = charts.pieces([("a", 1), ("b", 0)], of=1_000_000)

    assert piece.length == charts.LEAST
    assert charts.columns("Nothing", SERIES, {}).description == "0 in all."


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, ""), (0, 9, "0 %"), (1, 9_999, "1 %"), (9_998, 9_999, "99 %"), (5, 5, "100 %")],
)
def test_rounds_no_share_to_nothing_or_to_all(part: int, whole: int, said: str) -> None:
    assert charts.percent(part, whole) == said
