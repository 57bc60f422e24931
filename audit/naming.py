"""What signups are called. The ledger keeps refs, which outlive all names, and knows nobody who has any.

Whoever does gives a way to ask for them, once, as the service starts.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from audit.models import MandateAudit
from audit.words import as_name

Names = Mapping[str, str]  # of programs and clubs, by their refs
Ask = Callable[[Collection[UUID]], Mapping[UUID, Names]]

_asked: list[Ask] = []


def ask(whom: Ask) -> None:
    """Ask for names here from now on, for as many signups as a page shows at once."""
    if whom not in _asked:
        _asked.append(whom)


def names_of(signups: Iterable[UUID | None]) -> dict[UUID, Names]:
    """Return the names that are known of each signup."""
    ids = {one for one in signups if one}
    found: dict[UUID, Names] = {}
    for whom in _asked if ids else ():
        found |= whom(ids)
    return found


def called(ref: str, names: Names) -> str:
    """Return the name of a program or a club; the ref as people write one, where nobody knows it."""
    return names.get(ref) or as_name(ref)


class About(NamedTuple):
    """What a signup is for, as people say it; '' is what its records do not tell."""

    program: str
    club: str
    provider: str

    @property
    def title(self) -> str:
        """Return it in a line."""
        where = self.club or self.provider
        if self.program and where:
            return _("%(program)s at %(place)s") % {"program": self.program, "place": where}
        signup = _("Signup with %(place)s") % {"place": where} if where else _("Signup")
        return self.program or signup


def about(rows: Iterable[MandateAudit], names: Names) -> About:
    """Return what a signup is for by its records, of which the first ones say it."""
    rows = list(rows)
    program, club, provider = (
        next((found for row in rows if (found := getattr(row, name))), "")
        for name in ("program_ref", "org_ref", "provider")
    )
    return About(called(program, names), called(club, names), as_name(provider))
