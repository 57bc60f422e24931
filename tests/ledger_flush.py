"""Letting the suite empty the tables, which the ledger's triggers refuse.

Transactional tests and live servers end in a flush (DELETE on SQLite, TRUNCATE on PostgreSQL).
While it runs, and only then, the triggers are away. The product itself has no way to lift them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations

from audit import guards


@contextmanager
def let_flush_pass() -> Iterator[None]:
    """Let flushes inside the block empty the ledger, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            BaseDatabaseOperations,
            "execute_sql_flush",
            _without_guards(BaseDatabaseOperations.execute_sql_flush),
        )
        yield


def lift_guards(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers; `guards.install` brings them back."""
    place = f" ON {guards.TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        if guards.TABLE in connection.introspection.table_names(cursor):
            for name in guards.TRIGGERS[connection.vendor]:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{place}")


def _without_guards(flush: Callable[..., None]) -> Callable[..., None]:
    def guarded(self: Any, sql_list: Sequence[str]) -> None:
        lift_guards(self.connection)
        try:
            flush(self, sql_list)
        finally:
            guards.install(self.connection)

    return guarded
