"""What the ORM cannot say in one statement: looking at how much an hour held, and counting on."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from django.db import connection
from django.db.models import Field

from credentials.models import RevealBudget

Counted = Literal["spent", "refused", "strange"]  # the columns

# Whoever comes second waits for the first one's commit and then looks again, so that parallel
# requests of any number of processes count no further than they may. An hour that lies behind the
# row's is of a clock that is slow: it counts with the newer one.
_COUNT = """
    INSERT INTO reveal_budgets (user_id, hour, spent, refused, strange)
    VALUES (%(user_id)s, %(hour)s, %(spent)s, %(refused)s, %(strange)s)
    ON CONFLICT (user_id) DO UPDATE SET
        hour = CASE WHEN reveal_budgets.hour < excluded.hour
               THEN excluded.hour ELSE reveal_budgets.hour END,
        spent = excluded.spent + CASE WHEN reveal_budgets.hour < excluded.hour
                THEN 0 ELSE reveal_budgets.spent END,
        refused = excluded.refused + CASE WHEN reveal_budgets.hour < excluded.hour
                  THEN 0 ELSE reveal_budgets.refused END,
        strange = excluded.strange + CASE WHEN reveal_budgets.hour < excluded.hour
                  THEN 0 ELSE reveal_budgets.strange END
    WHERE reveal_budgets.hour < excluded.hour
       OR CASE %(what)s WHEN 'spent' THEN reveal_budgets.spent
                        WHEN 'refused' THEN reveal_budgets.refused
                        ELSE reveal_budgets.strange END < %(limit)s
    RETURNING CASE %(what)s WHEN 'spent' THEN spent WHEN 'refused' THEN refused ELSE strange END
"""


def count(what: Counted, *, user_id: UUID, hour: datetime, limit: int) -> int | None:
    """Return the how many-th of its kind this is in this person's hour; None: one too many."""
    if limit < 1:
        return None
    values = {
        "user_id": _FIELDS["user_id"].get_db_prep_save(user_id, connection),
        "hour": _FIELDS["hour"].get_db_prep_save(hour, connection),
        "what": what,
        "limit": limit,
        **{column: int(column == what) for column in get_args(Counted)},
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        found = cursor.fetchone()
    return int(found[0]) if found else None


_FIELDS: dict[str, Field[Any, Any]] = {
    field.attname: field for field in RevealBudget._meta.concrete_fields
}
