"""The questions that doors ask the ledger."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from audit.models import MandateAudit


def own_rows(
    user_id: UUID,
    *,
    action: str | None = None,
    provider: str | None = None,
    session_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[MandateAudit]:
    """Return a person's trail, narrowed by what is given (`since` inclusive, `until` exclusive)."""
    return narrowed(
        MandateAudit.objects.filter(user_id=user_id),
        action=action,
        provider=provider,
        session_id=session_id,
        since=since,
        until=until,
    )


def narrowed(
    rows: QuerySet[MandateAudit],
    *,
    action: str | None = None,
    provider: str | None = None,
    session_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[MandateAudit]:
    """Return these rows, narrowed by what is given (`since` inclusive, `until` exclusive)."""
    wanted = {
        "action": action,
        "provider": provider,
        "session_id": session_id,
        "created_at__gte": since,
        "created_at__lt": until,
    }
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None})
