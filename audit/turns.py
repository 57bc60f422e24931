"""Whose turn it is to seal: one process at a time, until its transaction ends.

PostgreSQL's advisory locks are anybody's to take, so it is a row that is locked, or while there is none
the table: of the counts that only the sealer writes (`audit.roles`). Whoever may only read them can
lock neither. SQLite's transactions take turns from their beginning on.
"""

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

_ROW = "SELECT number FROM audit_subject WHERE number = 0"
_TABLE = "LOCK TABLE audit_subject IN SHARE UPDATE EXCLUSIVE MODE"  # readers pass


def take() -> bool:
    """Return whether this is the only sealer, and stays it; nobody waits for that."""
    if connection.vendor != "postgresql":
        return True
    if _has(f"{_ROW} FOR UPDATE SKIP LOCKED"):
        return True
    if _has(_ROW):
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{_TABLE} NOWAIT")
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        return False
    return not _has(_ROW)  # else somebody has begun the log meanwhile


def wait() -> None:
    """Wait until nobody else is sealing, and be the only one."""
    if connection.vendor == "postgresql" and not _has(f"{_ROW} FOR UPDATE"):
        with connection.cursor() as cursor:
            cursor.execute(_TABLE)
        _has(f"{_ROW} FOR UPDATE")


def _has(statement: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() is not None
