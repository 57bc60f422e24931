"""Finding records among tens of millions: whatever is asked, a bounded number of rows is read.

A question has a lead, which an index answers in the order of time: a trail, an action, or nothing at
all. What else it asks is compared row by row, for `MOST_READ` rows and no more; then the answer says
how far it came, and the next one goes on from there. So a rare thing costs several looks, and none of
them costs more than another, at the newest record or at the oldest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from audit.actions import Action
from audit.models import MandateAudit
from audit.paging import Place, beyond
from audit.vocabulary import TOLD

PAGE = 50
MOST_READ = 20_000
MOST_COUNTED = 1_000
MOST_TOLD_APART = 500  # records of a trail, the oldest, that say whose it is
MOST_PEOPLE = 5  # whose it may be
# The signup first: an id that somebody gave a record of their own diverts nobody from it
NAMED_BY_UUID = ("session_id", "user_id", "credential_id", "id")
TELL_A_SOURCE = tuple(action for action in Action if "source" in TOLD[action].keys)


@dataclass(frozen=True)
class Trail:
    """The records that an id names, and whose they are."""

    named_by: str
    name: UUID
    people: tuple[UUID, ...]  # whose it is by its oldest records; none: the system's
    session_id: UUID | None

    @property
    def user_id(self) -> UUID | None:
        """Return whose it is first of all; None: the system's."""
        return self.people[0] if self.people else None

    @property
    def told_to(self) -> tuple[UUID | None, ...]:
        """Return in whose trails it is noted that staff read this one."""
        return self.people or (None,)


@dataclass(frozen=True)
class Lead:
    """A column with an index that goes on in the order of time, and its value; or no column."""

    column: str | None = None
    value: Any = None

    def rows(self) -> QuerySet[MandateAudit]:
        """Return the rows that the index answers.

        To PostgreSQL the one value is a list. Of a plain "=" it would know that the column adds nothing
        to the order, and for a common value go through the newest rows of all instead: through very
        many, if what was common once has not happened lately.
        """
        if self.column is None:
            return MandateAudit.objects.all()
        if connection.vendor == "postgresql":
            return MandateAudit.objects.filter(**{f"{self.column}__among": [self.value]})
        return MandateAudit.objects.filter(**{self.column: self.value})

    def ordered(self, rows: QuerySet[MandateAudit], *, older: bool) -> QuerySet[MandateAudit]:
        """Return rows of it in the order of its index."""
        sign, against = ("-", "") if older else ("", "-")
        lead = [f"{against}{self.column}"] if self.column else []
        return rows.order_by(*lead, f"{sign}created_at", f"{sign}id")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is looked for; all of it must hold."""

    trail: Trail | None = None
    actions: tuple[str, ...] | None = None  # one of these; None: any
    provider: str | None = None
    program_ref: str | None = None
    source: str | None = None
    since: datetime | None = None  # inclusive
    until: datetime | None = None  # exclusive

    def leads(self) -> list["Lead"]:
        """Return what indexes answer; a record fits one of these at most."""
        if self.trail:
            return [Lead(self.trail.named_by, self.trail.name)]
        actions = self._possible_actions()
        return [Lead()] if actions is None else [Lead("action", action) for action in actions]

    def rest(self) -> dict[str, Any]:
        """Return what is compared row by row."""
        compared: dict[str, Any] = {
            "provider": self.provider,
            "program_ref": self.program_ref,
            "metadata__source": self.source,
        }
        if self.trail:
            compared["action__in"] = self._possible_actions()
        return {name: value for name, value in compared.items() if value is not None}

    def between(self) -> dict[str, Any]:
        """Return the limits in time."""
        limits = {"created_at__gte": self.since, "created_at__lt": self.until}
        return {name: at for name, at in limits.items() if at is not None}

    def _possible_actions(self) -> tuple[str, ...] | None:
        if self.source is None:
            return self.actions
        return tuple(
            action for action in TELL_A_SOURCE if self.actions is None or action in self.actions
        )


@dataclass(frozen=True)
class Found:
    """A page of records, newest first."""

    rows: list[MandateAudit]
    older: Place | None  # where the next look begins; None: there is nothing older
    newer: Place | None
    stopped_at: datetime | None = None  # so far back it looked, and no further


@dataclass(frozen=True)
class Count:
    """How many there are, as far as was counted."""

    number: int
    is_all: bool

    @property
    def said(self) -> str:
        """Return the number as it is read."""
        return f"{self.number:,}"


def trail_named(sought: UUID) -> Trail | None:
    """Return the records that an id names; None, if there are none."""
    # an id names one kind of thing: a look-up each is cheaper than an OR over four indexes
    return next((found for column in NAMED_BY_UUID if (found := _trail(column, sought))), None)


def signup(session_id: UUID) -> Trail | None:
    """Return the records of a signup; None, if there are none."""
    return _trail("session_id", session_id)


def _trail(column: str, sought: UUID) -> Trail | None:
    """Return the trail, and of whom its oldest records are: a later one might say something else."""
    lead = Lead(column, sought)
    most = MOST_TOLD_APART if column in ("session_id", "credential_id") else 1
    rows = lead.ordered(lead.rows(), older=False).values_list("user_id", "session_id")[:most]
    if not rows:
        return None
    people = dict.fromkeys(user_id for user_id, _ in rows if user_id)
    of_one_signup = column in ("id", "session_id")
    return Trail(
        column,
        sought,
        tuple(people)[:MOST_PEOPLE],
        session_id=rows[0][1] if of_one_signup else None,
    )


def page(question: Question, *, before: Place | None = None, size: int = PAGE) -> Found:
    """Return the newest records that fit, of those before a place."""
    look = _look(question, before, size, older=True)
    return Found(
        rows=look.rows,
        older=look.goes_on,
        newer=before and (place_of(look.rows[0]) if look.rows else before),
        stopped_at=look.goes_on[0] if look.goes_on and look.is_short else None,
    )


def page_after(question: Question, *, after: Place, size: int = PAGE) -> Found:
    """Return the records that fit and come next after a place; the first page, if they are few."""
    look = _look(question, after, size, older=False)
    if look.goes_on is None:
        return page(question, size=size)
    return Found(
        rows=look.rows,
        older=place_of(look.rows[-1]) if look.rows else look.goes_on,
        newer=look.goes_on,
        stopped_at=look.goes_on[0] if look.is_short else None,
    )


def all_of(question: Question, *, size: int) -> Iterator[list[MandateAudit]]:
    """Yield all that fit, newest first; each batch is a look of its own."""
    before: Place | None = None
    while True:
        found = page(question, before=before, size=size)
        yield found.rows
        before = found.older
        if before is None:
            return


def count(question: Question, first: Found) -> Count:
    """Return how many fit, where the first page does not say it: no further than the cap.

    Of what is compared row by row nothing is counted beyond that page.
    """
    if first.older is None or question.rest():
        return Count(len(first.rows), is_all=first.older is None)
    number = 0
    for lead in question.leads():
        rows = lead.ordered(lead.rows().filter(**question.between()), older=True)
        number += rows.values("pk")[: MOST_COUNTED + 1 - number].count()
        if number > MOST_COUNTED:
            return Count(MOST_COUNTED, is_all=False)
    return Count(number, is_all=True)


def place_of(row: MandateAudit) -> Place:
    """Return where a record stands."""
    return row.created_at, row.id


@dataclass(frozen=True)
class _Look:
    rows: list[MandateAudit]  # newest first
    goes_on: Place | None
    is_short: bool = False  # it stopped for having read enough, not for having found enough


def _look(question: Question, start: Place | None, size: int, *, older: bool) -> _Look:
    """Return the next records in one direction, from all leads in one order."""
    leads = question.leads()
    each = max(1, MOST_READ // max(1, len(leads)))
    looks = [_look_along(question, lead, start, size, each, older=older) for lead in leads]
    # what lies beyond the nearest end has not been read along every lead
    ends = [look.goes_on for look in looks if look.goes_on]
    end = (max(ends) if older else min(ends)) if ends else None
    rows = sorted((row for look in looks for row in look.rows), key=place_of, reverse=older)
    if end:
        rows = [row for row in rows if (place_of(row) >= end if older else place_of(row) <= end)]
    if len(rows) > size:
        rows = rows[:size]
        end = place_of(rows[-1])
    in_order = rows if older else rows[::-1]
    return _Look(in_order, end, is_short=len(rows) < size)


def _look_along(
    question: Question, lead: Lead, start: Place | None, size: int, most: int, *, older: bool
) -> _Look:
    rows = lead.rows().filter(**question.between())
    if start:
        rows = rows.filter(beyond(start, older=older))
    end, rest = None, question.rest()
    if rest:
        rows, end = _window(lead, rows, most, older=older)
    found = list(lead.ordered(rows.filter(**rest), older=older)[: size + 1])
    return _Look(found, place_of(found[-1]) if len(found) > size else end)


def _window(
    lead: Lead, rows: QuerySet[MandateAudit], most: int, *, older: bool
) -> tuple[QuerySet[MandateAudit], Place | None]:
    """Return so many of the next rows, and the place of the last of them; None: these are all."""
    places = lead.ordered(rows, older=older).values_list("created_at", "id")
    end = next(iter(places[most - 1 : most]), None)
    return (rows.filter(beyond(end, older=not older, inclusive=True)) if end else rows), end


def neighbours(row: MandateAudit) -> tuple[MandateAudit | None, MandateAudit | None]:
    """Return the records before and after this one in its signup."""
    if row.session_id is None:
        return None, None
    signup, place = Lead("session_id", row.session_id), place_of(row)
    before, after = (
        signup.ordered(signup.rows().filter(beyond(place, older=older)), older=older).first()
        for older in (True, False)
    )
    return before, after


def story(session_id: UUID, *, after: Place | None, size: int) -> tuple[list[MandateAudit], bool]:
    """Return the next records of a signup, oldest first, and whether there are more."""
    signup = Lead("session_id", session_id)
    rows = signup.rows()
    if after:
        rows = rows.filter(beyond(after, older=False))
    found = list(signup.ordered(rows, older=False)[: size + 1])
    return found[:size], len(found) > size


def until(question: Question, at: datetime) -> Question:
    """Return the question for what was recorded before a moment."""
    return replace(question, until=min(at, question.until) if question.until else at)
