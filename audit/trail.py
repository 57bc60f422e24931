"""A parent's trail as the page tells it: signup by signup, each event in plain words."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from audit import plain_words, words
from audit.actions import ANONYMOUS, SYSTEM, person
from audit.kinds import Kind, kind_of
from audit.models import MandateAudit

IN_COLUMNS = {"sessionId", "provider", "org_ref"}  # the metadata repeats these columns
TONES = {Kind.BOOKED: "ok", Kind.OPENED: "warn", Kind.FAILED: "bad", Kind.REFUSED: "bad"}


@dataclass(frozen=True)
class Event:
    """One record."""

    row: MandateAudit
    sentence: str
    tone: str
    actor: str
    is_sample: bool

    @classmethod
    def of(cls, row: MandateAudit, *, reader: UUID) -> "Event":
        you = person(reader)
        others = {you: _("You"), SYSTEM: "SignupAssist", ANONYMOUS: _("Somebody not logged in")}
        said = plain_words.said(row)
        return cls(
            row=row,
            sentence=words.sentence(row.action, said, is_own_deed=row.actor == you),
            tone=TONES.get(kind_of(row.action), ""),
            actor=others.get(row.actor, _("Our staff")),
            is_sample=words.is_sample(said),
        )

    @property
    def places(self) -> list[str]:
        """What it was about, as people write it: the program, the club, the provider."""
        keys = (self.row.program_ref, self.row.org_ref, self.row.provider)
        return [words.as_name(key) for key in keys if key]

    @property
    def details(self) -> list[tuple[str, str]]:
        """All that the record holds, to be read by a person; what is not known is left out."""
        row = self.row
        told = [
            (_("Exact time"), f"{row.created_at:%Y-%m-%d %H:%M:%S.%f} UTC"),
            (_("Provider"), row.provider),
            (_("Club"), row.org_ref),
            (_("Program"), row.program_ref),
            *plain_words.in_words(plain_words.said(row), but=IN_COLUMNS),
            (_("Signup"), row.session_id),
            (_("Id of the login"), row.credential_id),
            (_("Id of this record"), row.id),
            (_("Fingerprint (SHA-256)"), row.content_hash),
        ]
        return [(name, str(one)) for name, one in told if one]


@dataclass(frozen=True)
class Group:
    """A signup with its events, newest first; or what happened outside of one on a day."""

    session_id: UUID | None
    events: list[Event] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What the signup is for, as far as these events know."""
        if self.session_id is None:
            return _("Outside of a signup")
        program, club, provider = self.about
        where = club or provider
        if program and where:
            return _("%(program)s at %(place)s") % {"program": program, "place": where}
        return program or (_("Signup with %(place)s") % {"place": where} if where else _("Signup"))

    @property
    def provider(self) -> str:
        """Whose club it is, where the title does not say so."""
        _program, club, provider = self.about
        return provider if club else ""

    @cached_property
    def about(self) -> tuple[str, str, str]:
        """What its heading says, so that each event need not: program, club and provider."""
        if self.session_id is None:
            return "", "", ""
        rows = [event.row for event in self.events]
        program, club, provider = (
            words.as_name(next((found for row in rows if (found := getattr(row, name))), ""))
            for name in ("program_ref", "org_ref", "provider")
        )
        return program, club, provider

    @property
    def began_at(self) -> datetime:
        return self.events[-1].row.created_at


def told(rows: Iterable[MandateAudit], *, reader: UUID, zone: ZoneInfo) -> list[Group]:
    """Return the rows in groups, in the order in which each has its first row.

    Days are the reader's, so far as their time zone is known.
    """
    groups: dict[object, Group] = {}
    for row in rows:
        key = row.session_id or row.created_at.astimezone(zone).date()
        group = groups.setdefault(key, Group(row.session_id))
        group.events.append(Event.of(row, reader=reader))
    return list(groups.values())
