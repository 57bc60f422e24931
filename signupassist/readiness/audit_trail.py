"""Is everything recorded, and can nobody change it?"""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection

from audit import doctor, roles
from signupassist.readiness.findings import Finding, advised, needed, unseen


def look(at: datetime) -> Iterator[Finding]:
    """Yield what was found."""
    for sign in doctor.look(doctor.configured(), at):
        judge = needed if sign.is_needed else advised
        yield judge(sign.what, sign.is_well, sign.found, sign.remedy)
    yield _row_level_security()
    yield unseen(
        "The whole log",
        "is not walked here",
        "Run from time to time: manage.py verify_audit",
    )


def _row_level_security() -> Finding:
    what = "Row-level security"
    if connection.vendor != "postgresql":
        return advised(
            what, False, "SQLite has none", "Use PostgreSQL where more than one machine serves."
        )
    troubles = roles.troubles(connection)
    more = f" and {len(troubles) - 3} more" if len(troubles) > 3 else ""
    return advised(
        what,
        not troubles,
        f"off: {', '.join(troubles[:3])}{more}" if troubles else "on",
        "Run `manage.py migrate` as an owner who may create roles (docs/operations.md). Until then the "
        "code alone keeps people's rows apart: let nothing else log in to the database.",
    )
