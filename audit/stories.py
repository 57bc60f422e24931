"""The story of a signup: its records by step, with the time that passed between them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from audit.actions import Action
from audit.models import MandateAudit
from audit.plain_words import said, span, step_of, took

NOTICED = timedelta(minutes=10)  # a pause that the story names


@dataclass(frozen=True)
class Scene:
    """A record in the story, or several readings by staff in a row: those are told as one."""

    rows: list[MandateAudit]
    before: datetime | None  # the record before it
    start: datetime  # of the story
    names: Mapping[str, str]  # of clubs and programs, by their refs

    @property
    def row(self) -> MandateAudit:
        """Return the record, or the last reading."""
        return self.rows[-1]

    @property
    def is_reading(self) -> bool:
        """Return whether staff read the signup, and nothing happened in it."""
        return self.row.action == Action.AUDIT_VIEWED

    @property
    def at(self) -> str:
        """Return how long after the start it was."""
        return "start" if self.before is None else f"+{span(self.rows[0].created_at - self.start)}"

    @property
    def pause(self) -> str | None:
        """Return how long nothing happened before; None, if that was not long."""
        gap = self.rows[0].created_at - self.before if self.before else timedelta()
        return span(gap) if gap >= NOTICED else None

    @property
    def gap(self) -> str | None:
        """Return how long after the record before it this one was."""
        return span(self.rows[0].created_at - self.before) if self.before else None

    @property
    def took(self) -> str | None:
        """Return how long a provider tool took."""
        return took(said(self.row).get("elapsed_ms"))

    @property
    def words(self) -> str:
        """Return the rest of what a reader wants to know: which tool, what for, how it went, where."""
        row, told = self.row, said(self.row)
        time = self.took and f"took {self.took}"
        source, purpose = told.get("source"), told.get("purpose")
        meant = told.get("intent") if row.action == Action.MESSAGE_SENT else None
        parts = [
            told.get("tool"),
            meant and f"understood as {meant}",
            purpose and f"for {purpose}",
            told.get("error_code"),
            time,
            source and f"from {source}",
            *(self.names.get(ref, ref) for ref in (row.org_ref, row.program_ref) if ref),
        ]
        return " · ".join(str(part) for part in parts if part)


@dataclass
class Chapter:
    """What happened at one step, until the signup moved on."""

    step: str | None
    scenes: list[Scene] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Return the step as a person reads it."""
        return step_of(self.step) if self.step else "Around the signup"

    @property
    def lasted(self) -> str | None:
        """Return how long it took from its first record to its last; who read it later is no part."""
        times = [one.row.created_at for one in self.scenes if not one.is_reading]
        return span(times[-1] - times[0]) if len(times) > 1 else None


def told(
    rows: Iterable[MandateAudit],
    *,
    start: datetime,
    before: datetime | None = None,
    names: Mapping[str, str] | None = None,
) -> list[Chapter]:
    """Return the chapters of these records, oldest first.

    :param start: when the story began, also where these records are not its first
    :param before: when the record before these was written; None: these are the first
    :param names: of clubs and programs, by their refs, as far as they are known
    """
    rows = list(rows)
    chapters: list[Chapter] = []
    step = next((found for row in rows if (found := _step_of(row))), None)  # also of the first ones
    for some in _in_scenes(rows):
        step = _step_of(some[0]) or step
        if not chapters or chapters[-1].step != step:
            chapters.append(Chapter(step))
        chapters[-1].scenes.append(Scene(some, before, start, names or {}))
        before = some[-1].created_at
    return chapters


def _in_scenes(rows: Iterable[MandateAudit]) -> Iterator[list[MandateAudit]]:
    for is_reading, some in groupby(rows, key=lambda row: row.action == Action.AUDIT_VIEWED):
        if is_reading:
            yield list(some)
        else:
            yield from ([row] for row in some)


def _step_of(row: MandateAudit) -> str | None:
    step = said(row).get("step")
    return step if isinstance(step, str) else None
