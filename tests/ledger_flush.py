"""Letting the suite empty the tables, which the ledger's triggers refuse.

Transactional tests and live servers end in a flush (DELETE on SQLite, TRUNCATE on PostgreSQL).
While it runs, and only then, the triggers are off or away. The product itself has no way to lift them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.signals import connection_created

from audit import guards, sqlite_lock

_NO_CLOCK = """
    CREATE OR REPLACE FUNCTION mandate_audit_clock() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RETURN NEW; END $$
"""
_TABLE = re.compile(r'"(\w+)"')


@contextmanager
def let_flush_pass() -> Iterator[None]:
    """Let flushes inside the block empty the ledger, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            BaseDatabaseOperations,
            "execute_sql_flush",
            _without_guards(BaseDatabaseOperations.execute_sql_flush),
        )
        # the second lock is for a process that serves: here it was imported, and tables are made
        patch.setattr(sqlite_lock, "switch_on", lambda: None)
        connection_created.disconnect(dispatch_uid=sqlite_lock.NAME)
        yield


def lift_guards(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers; `guards.install` brings them back."""
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        for table, names in guards.TRIGGERS[connection.vendor].items():
            place = f" ON {table}" if connection.vendor == "postgresql" else ""
            for name in names if table in there else ():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{place}")


@contextmanager
def let_time_travel(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let records of other times in, as tests hand time inward; SQLite does not look at the clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guards, "_FUNCTIONS", (*guards._FUNCTIONS, _NO_CLOCK))
        guards.install(connection)
        yield


def _without_guards(flush: Callable[..., None]) -> Callable[..., None]:
    def guarded(self: Any, sql_list: Sequence[str]) -> None:
        switch = _on_postgresql if self.connection.vendor == "postgresql" else _on_sqlite
        flush(self, switch(self.connection, list(sql_list)))

    return guarded


def _on_postgresql(connection: BaseDatabaseWrapper, flush: list[str]) -> list[str]:
    """Return the flush of the tables that have rows, with what refuses TRUNCATE off meanwhile."""
    filled = _filled(connection, _TABLE.findall(" ".join(flush)))
    if not filled:
        return []
    guarded = [table for table in guards.APPEND_ONLY if table in filled]
    triggers = [f"ALTER TABLE {table} {{}} TRIGGER {table}_no_truncate" for table in guarded]
    return [
        *(trigger.format("DISABLE") for trigger in triggers),
        f"TRUNCATE {', '.join(filled)} CASCADE",  # tables that point at them are empty, or listed
        *(trigger.format("ENABLE ALWAYS") for trigger in triggers),
    ]


def _on_sqlite(connection: BaseDatabaseWrapper, flush: list[str]) -> list[str]:
    """Return the flush without the triggers of tables that have rows, which come back after it."""
    names = [f"{table}_no_delete" for table in _filled(connection, guards.APPEND_ONLY)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = {name: made for name, made in cursor.fetchall() if name in names}
    return [*(f"DROP TRIGGER {name}" for name in kept), *flush, *kept.values()]


def _filled(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> list[str]:
    """Return which of these tables have rows."""
    asked = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables]  # noqa: S608  names of ours
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [table for (table,) in cursor.fetchall()]
