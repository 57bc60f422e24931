"""Is everything recorded, and can nobody change it?"""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection

from audit import guards
from audit.models import MandateAudit
from signupassist.readiness.findings import Finding, advised, needed, unseen

NEWEST = 1_000


def look(at: datetime) -> Iterator[Finding]:
    """Yield what was found."""
    gone = guards.missing(connection)
    yield needed(
        "Triggers that refuse changes",
        not gone,
        f"missing: {', '.join(gone)}" if gone else "in place",
        "Run: manage.py migrate",
    )
    yield _hashes()
    yield _row_level_security()
    yield unseen(
        "Rows that were taken away",
        "leave no mark that could be seen from here",
        "Hold the ledger against a backup from time to time.",
    )


def _hashes() -> Finding:
    rows = list(MandateAudit.objects.order_by("-created_at", "-id")[:NEWEST])
    changed = [str(row.pk) for row in rows if row.computed_hash() != row.content_hash]
    return needed(
        "Hashes of the newest rows",
        not changed,
        f"{len(changed)} of {len(rows)} do not hold" if changed else f"all of {len(rows)} hold",
        "Somebody changed rows past the triggers. Keep the database as it is, and hold these "
        f"against a backup: {', '.join(changed[:3])}",
    )


def _row_level_security() -> Finding:
    what = "Row-level security"
    if connection.vendor != "postgresql":
        return advised(
            what, False, "SQLite has none", "Use PostgreSQL where more than one machine serves."
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(relrowsecurity) FROM pg_class WHERE oid = ANY(%s::regclass[])",
            [["mandate_audit", "stored_credentials", "agentic_checkout_sessions"]],
        )
        [is_on] = cursor.fetchone()
    return advised(
        what,
        bool(is_on),
        "on" if is_on else "off",
        "The code alone keeps people's rows apart: let nothing else log in to the database.",
    )
