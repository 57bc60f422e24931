"""Who acted. The ledger names in whose name it was; here is told whose hand it was.

What a parent confirmed is done in their name: their login opened, their provider asked, their
registration sent. They answer for it, and SignupAssist did it.
"""

from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from audit.actions import ANONYMOUS, SYSTEM, Action, person
from audit.kinds import Topic, topic_of

REVEAL = "reveal"  # why a login is opened for its owner to read, who asked for just that
_OPENINGS = {
    Action.CREDENTIALS_ACCESSED,
    Action.CREDENTIALS_ACCESS_FAILED,
    Action.CREDENTIALS_ACCESS_DENIED,
}


class Doer(StrEnum):
    """Who did what a record tells of."""

    PARENT = "parent"  # whose trail it is: they typed, pressed or confirmed it
    AGENT = "agent"  # SignupAssist, in their name
    STAFF = "staff"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"
    OTHER = "other"


class Record(Protocol):
    """What says in whose name something was done, as the database gave it."""

    @property
    def action(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def user_id(self) -> UUID | None: ...
    @property
    def metadata(self) -> Any: ...


def doer_of(row: Record) -> Doer:
    """Return who did it."""
    if row.user_id and row.actor == person(row.user_id):
        return Doer.AGENT if _is_done_for_them(row) else Doer.PARENT
    if row.actor.startswith("staff:"):
        return Doer.STAFF
    return {SYSTEM: Doer.SYSTEM, ANONYMOUS: Doer.ANONYMOUS}.get(row.actor, Doer.OTHER)


def _is_done_for_them(row: Record) -> bool:
    if row.action in _OPENINGS:
        return not (isinstance(row.metadata, dict) and row.metadata.get("purpose") == REVEAL)
    return topic_of(row.action) in (Topic.REQUESTS, Topic.REGISTRATIONS)
