"""What the ORM cannot say in one statement: taking requests from what a minute allows."""

from django.db import connection, transaction

from accounts.models import RequestCount

FORGOTTEN_AT_ONCE = 500

# Whoever comes second waits for the first one's commit and then looks again, so that any number of
# processes takes no more than there is. A row that is one minute ahead was written by a clock that is
# a little faster: it counts. One from further ahead is from before a clock was put right.
_TAKE = """
    INSERT INTO request_counts (key, minute, taken) VALUES (%(key)s, %(minute)s, %(wanted)s)
    ON CONFLICT (key) DO UPDATE SET
        minute = CASE WHEN request_counts.minute BETWEEN excluded.minute AND excluded.minute + 1
                 THEN request_counts.minute ELSE excluded.minute END,
        taken = CASE WHEN request_counts.minute BETWEEN excluded.minute AND excluded.minute + 1
                THEN request_counts.taken + excluded.taken ELSE excluded.taken END
    WHERE request_counts.minute NOT BETWEEN excluded.minute AND excluded.minute + 1
        OR request_counts.taken < %(limit)s
    RETURNING taken
"""


def take_requests(*, key: str, minute: int, wanted: int, limit: int) -> int:
    """Return how many of the wanted requests this minute still allowed; they are taken now."""
    values: dict[str, str | int] = {"key": key, "minute": minute, "wanted": wanted, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        row = cursor.fetchone()
    if row is None:
        return 0
    taken: int = row[0]
    return max(0, wanted - max(0, taken - limit))


def forget_requests(*, before: int) -> None:
    """Forget some of those who asked for nothing since this minute; the next minute goes on."""
    with transaction.atomic():
        # others who do the same just now take other rows, instead of waiting for each other
        idle = RequestCount.objects.select_for_update(skip_locked=True).filter(minute__lt=before)
        gone = list(idle.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
        RequestCount.objects.filter(pk__in=gone, minute__lt=before).delete()
