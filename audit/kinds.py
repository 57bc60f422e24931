"""What records are about, and how what they tell of went, for whoever looks at many of them.

Each action has one topic, which the first word of its name says, and is of one kind: that of its topic,
unless it is something particular. A kind has a sign beside its colour: not everybody sees colours.
"""

from django.db import models

from audit.actions import Action


class Topic(models.TextChoices):
    """What a record is about."""

    SIGNUPS = "signups", "Signup steps"
    REQUESTS = "requests", "Provider tools"
    LOGINS = "logins", "Saved logins"
    REGISTRATIONS = "registrations", "Registrations"
    ACCOUNT = "account", "Accounts and rights"
    RECORD = "record", "The ledger itself"

    @property
    def actions(self) -> tuple[Action, ...]:
        """Return the actions that are about it."""
        return tuple(action for action in Action if topic_of(action) is self)


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

_TOPICS = {  # by the first word of an action
    "action": Topic.SIGNUPS,
    "message": Topic.SIGNUPS,
    "session": Topic.SIGNUPS,
    "sessions": Topic.SIGNUPS,
    "tool": Topic.REQUESTS,
    "credentials": Topic.LOGINS,
    "registration": Topic.REGISTRATIONS,
    "user": Topic.ACCOUNT,
    "staff": Topic.ACCOUNT,
    "audit": Topic.RECORD,
}
_USUAL = {
    Topic.SIGNUPS: Kind.STEP,
    Topic.REQUESTS: Kind.TOOL,
    Topic.LOGINS: Kind.LOGIN,
    Topic.REGISTRATIONS: Kind.TOOL,
    Topic.ACCOUNT: Kind.ACCOUNT,
    Topic.RECORD: Kind.LEDGER,
}
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
    Kind.LEDGER: (Action.SESSIONS_EXPIRED,),
}


def topic_of(action: str) -> Topic:
    """Return what an action is about; what nobody knows is the ledger's own."""
    return _TOPICS.get(action.partition("_")[0], Topic.RECORD)


_KIND_OF: dict[str, Kind] = {
    **{action: _USUAL[topic_of(action)] for action in Action},
    **{action: kind for kind, actions in _PARTICULAR.items() for action in actions},
}


def kind_of(action: str) -> Kind:
    """Return the kind of an action; what is no longer recorded was a step."""
    return _KIND_OF.get(action, Kind.STEP)
