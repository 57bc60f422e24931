"""How deeds on accounts are recorded."""

from datetime import datetime
from uuid import UUID

from audit import services as audit
from audit.actions import Action, person


def record_deed(
    action: Action,
    user_id: UUID,
    *,
    at: datetime,
    method: str | None = None,
    second_factor: str | None = None,
    actor: str | None = None,
) -> None:
    """Record what happened to this person's account; unless somebody else is named, they did it.

    :raises audit.AuditUnavailableError: if it cannot be recorded
    """
    told = {"method": method, "second_factor": second_factor}
    audit.record(
        action=action,
        user_id=user_id,
        actor=actor or person(user_id),
        at=at,
        metadata={name: value for name, value in told.items() if value},
    )
