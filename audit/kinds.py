"""Kinds of records, for whoever looks at many of them: what went well, what went wrong, who did it.

Each action is of one kind. A kind has a sign beside its colour: not everybody sees colours.
"""

from collections.abc import Iterator

from django.db import models

from audit.actions import Action


class Kind(models.TextChoices):
    """What sort of deed a record tells of."""

    BOOKED = "booked", "Booked"
    OPENED = "opened", "Login opened"
    FAILED = "failed", "Failed"
    REFUSED = "refused", "Refused"
    TOOL = "tool", "Provider tools"
    STEP = "step", "Signup steps"
    LOGIN = "login", "Saved logins"
    ACCOUNT = "account", "Accounts"
    STAFF = "staff", "Staff and rights"
    LEDGER = "ledger", "Ledger and clean-up"

    @property
    def sign(self) -> str:
        """Return what stands before the words; nothing before what is everyday."""
        return _SIGNS.get(self, "")

    @property
    def actions(self) -> tuple[Action, ...]:
        """Return the actions of this kind."""
        return tuple(action for action in Action if kind_of(action) is self)


_SIGNS = {Kind.BOOKED: "✓", Kind.OPENED: "◆", Kind.FAILED: "!", Kind.REFUSED: "✕"}

_PARTICULAR = {
    Kind.BOOKED: (Action.REGISTRATION_COMPLETED, Action.REGISTRATION_WAITLISTED),
    Kind.OPENED: (Action.CREDENTIALS_ACCESSED,),
    Kind.FAILED: (
        Action.TOOL_FAILED,
        Action.CREDENTIALS_ACCESS_FAILED,
        Action.REGISTRATION_NOT_SENT,
        Action.REGISTRATION_OUTCOME_UNKNOWN,
        Action.REGISTRATION_NEEDS_OPERATOR,
        Action.USER_LOGIN_FAILED,
    ),
    Kind.REFUSED: (Action.CREDENTIALS_ACCESS_DENIED, Action.REGISTRATION_REJECTED),
    Kind.TOOL: (Action.TOOL_SUCCEEDED, Action.REGISTRATION_SUBMITTED),
    Kind.STAFF: (
        Action.AUDIT_VIEWED,
        Action.AUDIT_EXPORTED,
        Action.REGISTRATION_RESOLVED,
        Action.SESSION_ENDED_BY_STAFF,
        Action.USER_DISABLED,
        Action.USER_ENABLED,
        Action.STAFF_ROLE_GRANTED,
        Action.STAFF_ROLE_REVOKED,
    ),
    Kind.LEDGER: (Action.AUDIT_SEALED, Action.SESSIONS_EXPIRED),
}
_BY_BEGINNING = {
    "action_": Kind.STEP,
    "message_": Kind.STEP,
    "session_": Kind.STEP,
    "credentials_": Kind.LOGIN,
    "user_": Kind.ACCOUNT,
}


def _kinds() -> Iterator[tuple[str, Kind]]:
    for action in Action:
        for beginning, kind in _BY_BEGINNING.items():
            if action.startswith(beginning):
                yield action, kind
    for kind, actions in _PARTICULAR.items():
        yield from ((action, kind) for action in actions)


_KIND_OF = dict(_kinds())


def kind_of(action: str) -> Kind:
    """Return the kind of an action; what is no longer recorded was a step."""
    return _KIND_OF.get(action, Kind.STEP)
