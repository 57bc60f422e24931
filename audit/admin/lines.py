"""Records as the pages of the console tell them."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import get_user_model

from audit.actions import Action
from audit.doers import Doer, doer_of
from audit.kinds import Kind, kind_of
from audit.models import MandateAudit
from audit.plain_words import said

Names = dict[UUID, str]

_DOERS = {
    Doer.PARENT: "themselves",
    Doer.AGENT: "SignupAssist for them",
    Doer.SYSTEM: "SignupAssist",
    Doer.ANONYMOUS: "not logged in",
}
_WORDS = {action.value: str(action.label) for action in Action}  # asked for each line
_BY_WORDS = (
    *("select_provider", "reject_provider", "retry_search", "change_provider"),
    *("select_program", "retry_programs", "change_program"),
    *("check_prereqs", "retry_prereqs", "complete_prereqs", "edit_form", "retry_last"),
)
# What a sentence may stand for, by its intent: no more than a message, whatever else stands there
BY_MESSAGE = {intent: f"{_WORDS[f'action_{intent}']} by message" for intent in _BY_WORDS} | {
    "switch_program": "Chose another program by message"
}


@dataclass(frozen=True)
class Line:
    """A record, and what a person calls its parts: texts, which a page of many writes quickly."""

    row: MandateAudit
    id: str
    at: str  # to the second, UTC
    exactly: str  # as machines read it
    what: str
    kind: Kind
    sign: str
    user_id: str
    whose: str
    doer: Doer
    done_by: str
    session_id: str
    credential_id: str

    @property
    def is_own(self) -> bool:
        """Return whether the person did it whose trail it is in, with their own hands."""
        return self.doer is Doer.PARENT


def lines_of(rows: Iterable[MandateAudit]) -> list[Line]:
    """Return the records with the people's e-mails, as long as there are accounts."""
    rows = list(rows)
    ids = {row.user_id for row in rows if row.user_id} | {_staff_in(row) for row in rows}
    names = names_of(each for each in ids if each)
    return [_line(row, names) for row in rows]


def names_of(ids: Iterable[UUID]) -> Names:
    """Return the e-mails of people; who has no account any more is not among them."""
    people = get_user_model()
    found = people._default_manager.filter(pk__in=set(ids))
    return dict(found.values_list("pk", people.USERNAME_FIELD))


def name_of(user_id: UUID, names: Names) -> str:
    """Return the e-mail, or the beginning of the id of whom there is no account any more."""
    return names.get(user_id) or f"{str(user_id)[:8]}…"


def _line(row: MandateAudit, names: Names) -> Line:
    doer = doer_of(row)
    kind = kind_of(row.action)
    return Line(
        row=row,
        id=str(row.pk),
        at=f"{row.created_at:%Y-%m-%d %H:%M:%S}",
        exactly=row.created_at.isoformat(),
        what=_what(row),
        kind=kind,
        sign=kind.sign,
        user_id=str(row.user_id or ""),
        whose=name_of(row.user_id, names) if row.user_id else "the system’s",
        doer=doer,
        done_by=_hand(doer, row, names),
        session_id=str(row.session_id or ""),
        credential_id=str(row.credential_id or ""),
    )


def _what(row: MandateAudit) -> str:
    intent = said(row).get("intent") if row.action == Action.MESSAGE_SENT else None
    chosen = BY_MESSAGE.get(intent) if isinstance(intent, str) else None
    return chosen or _WORDS.get(row.action) or Action.describe(row.action)


def _hand(doer: Doer, row: MandateAudit, names: Names) -> str:
    """Return who did it, by name where it was one of the staff."""
    staff_id = _staff_in(row)
    return f"staff {name_of(staff_id, names)}" if staff_id else _DOERS.get(doer, row.actor)


def _staff_in(row: MandateAudit) -> UUID | None:
    """Return who of the staff did it; None also where what stands there is no id: it is not ours."""
    whom, _, user_id = row.actor.partition(":")
    try:
        return UUID(user_id) if whom == "staff" else None
    except ValueError:
        return None
