"""A parent's trail as the page tells it: signup by signup, each event in plain words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from audit import plain_words, words
from audit.doers import Doer, doer_of
from audit.kinds import Kind, kind_of
from audit.models import MandateAudit
from audit.naming import About, Names, about, called

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
    names: Names

    @classmethod
    def of(cls, row: MandateAudit, names: Names) -> "Event":
        doer, said = doer_of(row), plain_words.said(row)
        return cls(
            row=row,
            sentence=words.sentence(row.action, said, is_own_deed=doer is Doer.PARENT),
            tone=TONES.get(kind_of(row.action), ""),
            actor=str(words.DOERS[doer]),
            is_sample=words.is_sample(said),
            names=names,
        )

    @property
    def places(self) -> list[str]:
        """What it was about, as people write it: the program, the club, the provider."""
        keys = (self.row.program_ref, self.row.org_ref, self.row.provider)
        return [called(key, self.names) for key in keys if key]

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
    names: Names
    events: list[Event] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What the signup is for, as far as these events know."""
        return self.about.title if self.session_id else _("Outside of a signup")

    @property
    def provider(self) -> str:
        """Whose club it is, where the title does not say so."""
        return self.about.provider if self.about.club else ""

    @cached_property
    def about(self) -> About:
        """What its heading says, so that each event need not."""
        if self.session_id is None:
            return About("", "", "")
        return about((event.row for event in self.events), self.names)

    @property
    def began_at(self) -> datetime:
        return self.events[-1].row.created_at


def told(
    rows: Iterable[MandateAudit], *, names: Mapping[UUID, Names], zone: ZoneInfo
) -> list[Group]:
    """Return the rows in groups, in the order in which each has its first row.

    Days are the reader's, so far as their time zone is known.

    :param names: by the signup, as far as they are known
    """
    groups: dict[object, Group] = {}
    for row in rows:
        key = row.session_id or row.created_at.astimezone(zone).date()
        known = names.get(row.session_id, {}) if row.session_id else {}
        group = groups.setdefault(key, Group(row.session_id, known))
        group.events.append(Event.of(row, known))
    return list(groups.values())
