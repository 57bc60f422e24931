"""The sums behind the pictures: where each piece of a bar lies. Pure.

Pictures have no words in them: those stand beside them as text, so that they can be read at any width.
All lengths are of a field of 100 by 100, which the page stretches.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

FULL = 100.0
GAP = 0.28  # between two columns, as a part of a column's room
LEAST = 0.8  # what is there is seen, however little it is


@dataclass(frozen=True)
class Series:
    """One colour of a picture, and what it stands for."""

    key: str
    name: str


@dataclass(frozen=True)
class Piece:
    """A part of a bar: where it begins and how long it is."""

    key: str
    number: int
    start: float
    length: float


@dataclass(frozen=True)
class Column:
    """A day: its pieces from the ground upwards."""

    day: date
    x: float
    width: float
    total: int
    pieces: Sequence[Piece]

    @property
    def numbers(self) -> list[str]:
        """Return the numbers of all pieces, and of the whole, as they are read."""
        return [f"{number:,}" for number in (*(one.number for one in self.pieces), self.total)]


@dataclass(frozen=True)
class Columns:
    """A bar for each day, each of several colours."""

    template: ClassVar[str] = "admin/dashboard/columns.html"
    title: str
    description: str
    series: Sequence[Series]
    columns: Sequence[Column]
    most: int

    @property
    def most_said(self) -> str:
        """Return how high the picture is, as it is read."""
        return f"{self.most:,}"


@dataclass(frozen=True)
class Bar:
    """A line of a table with a bar in it; `said` is what its numbers say in words."""

    name: str
    href: str | None
    total: int
    said: str
    pieces: Sequence[Piece]

    @property
    def total_said(self) -> str:
        """Return the number as it is read."""
        return f"{self.total:,}"


@dataclass(frozen=True)
class Bars:
    """A table whose lines have bars: it is its own alternative for who cannot see them."""

    template: ClassVar[str] = "admin/dashboard/bars.html"
    title: str
    columns: tuple[str, str]  # what the lines are, and what the numbers are
    series: Sequence[Series]
    bars: Sequence[Bar]


def columns(
    title: str, series: Sequence[Series], days: Mapping[date, Mapping[str, int]]
) -> Columns:
    """Return the picture of how often each thing came on each day; the tallest day fills it."""
    totals = {day: sum(numbers.values()) for day, numbers in days.items()}
    most = max(totals.values(), default=0)
    room = FULL / max(len(days), 1)
    made = []
    for place, (day, numbers) in enumerate(days.items()):
        upwards = _pieces(((one.key, numbers.get(one.key, 0)) for one in series), most)
        pieces = [
            Piece(one.key, one.number, round(FULL - one.start - one.length, 2), one.length)
            for one in upwards
        ]
        x, width = round((place + GAP / 2) * room, 2), round(room * (1 - GAP), 2)
        made.append(Column(day, x, width, totals[day], pieces))
    busiest = max(totals, key=lambda day: totals[day], default=None)
    described = f"{sum(totals.values()):,} in all"
    if most and busiest:
        described += f"; the most, {most:,}, on {busiest:%d %B}"
    return Columns(title, f"{described}.", series, made, most)


def pieces(numbers: Iterable[tuple[str, int]], *, of: int) -> list[Piece]:
    """Return the pieces of a bar that is full when they come to this number."""
    return [one for one in _pieces(numbers, of) if one.number]


def _pieces(numbers: Iterable[tuple[str, int]], most: int) -> list[Piece]:
    made, start = [], 0.0
    for key, number in numbers:
        length = max(number / most * FULL, LEAST) if number and most else 0.0
        length = round(min(length, FULL - start), 2)
        made.append(Piece(key, number, round(start, 2), length))
        start += length
    return made


def percent(part: int, whole: int) -> str:
    """Return "38 %"; what is there is never none, and what is missing never nothing."""
    if not whole:
        return ""
    share = round(100 * part / whole)
    if 0 < part < whole:
        share = min(max(share, 1), 99)
    return f"{share} %"
