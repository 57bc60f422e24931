"""What the ORM cannot say in one statement: looking at a budget and spending from it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Field

from credentials.models import RevealBudget

# Whoever comes second waits for the first one's commit and then looks again, so that parallel
# requests of any number of processes spend no more than there is. An hour that lies behind the
# row's is of a clock that is slow: it spends from the newer one.
_SPEND = """
    INSERT INTO reveal_budgets (user_id, hour, spent) VALUES (%(user_id)s, %(hour)s, 1)
    ON CONFLICT (user_id) DO UPDATE SET
        hour = CASE WHEN reveal_budgets.hour < excluded.hour
               THEN excluded.hour ELSE reveal_budgets.hour END,
        spent = CASE WHEN reveal_budgets.hour < excluded.hour
                THEN 1 ELSE reveal_budgets.spent + 1 END
    WHERE reveal_budgets.hour < excluded.hour OR reveal_budgets.spent < %(limit)s
    RETURNING spent
"""


def spend_a_reveal(*, user_id: UUID, hour: datetime, limit: int) -> bool:
    """Return whether this person had a reveal left in this hour; if so, it is spent now."""
    if limit < 1:
        return False
    values = {
        "user_id": _FIELDS["user_id"].get_db_prep_save(user_id, connection),
        "hour": _FIELDS["hour"].get_db_prep_save(hour, connection),
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, values)
        return bool(cursor.fetchall())


_FIELDS: dict[str, Field[Any, Any]] = {
    field.attname: field for field in RevealBudget._meta.concrete_fields
}
