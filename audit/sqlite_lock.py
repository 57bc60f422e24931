"""A second lock on SQLite, which has no roles: whoever serves or works cannot even ask for a change.

The first lock, the triggers, could be dropped by a statement. A connection under this lock refuses such
a statement before it runs. Commands of `manage.py` go without it: migrations make tables anew.
"""

import sqlite3
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from audit.guards import APPEND_ONLY, GUARDED

NAME = "audit.sqlite_lock"  # of the receiver

_TABLES = frozenset(APPEND_ONLY)
# A temporary table of such a name would take the rows, and a trigger on one could drop them unseen.
_NAMES = GUARDED
# What comes first in a question of SQLite's, or second: https://sqlite.org/c3ref/c_alter_table.html
_OF_FIRST = {
    sqlite3.SQLITE_UPDATE: _TABLES,
    sqlite3.SQLITE_DELETE: _TABLES,
    sqlite3.SQLITE_DROP_TABLE: _TABLES,
    sqlite3.SQLITE_CREATE_TEMP_TABLE: _NAMES,
    sqlite3.SQLITE_CREATE_TEMP_VIEW: _NAMES,
    sqlite3.SQLITE_CREATE_VTABLE: _NAMES,
    sqlite3.SQLITE_ALTER_TABLE: frozenset({"temp"}),  # or it could get such a name afterwards
    sqlite3.SQLITE_PRAGMA: frozenset({"writable_schema"}),
}
_OF_SECOND = {
    sqlite3.SQLITE_ALTER_TABLE: _TABLES,
    sqlite3.SQLITE_DROP_TRIGGER: _TABLES,
    sqlite3.SQLITE_CREATE_TRIGGER: _NAMES,
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER: _NAMES,
}
_NONE: frozenset[str] = frozenset()


def switch_on() -> None:
    """Lock every connection of this process, those that are open and those that will be."""
    connection_created.connect(_lock_new, dispatch_uid=NAME)
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None:
            lock(connection)


def lock(connection: BaseDatabaseWrapper) -> None:
    """Lock this connection, if it is one to SQLite."""
    if connection.vendor == "sqlite":
        connection.connection.set_authorizer(_answer)


def _lock_new(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receive `connection_created`."""
    lock(connection)


def _answer(
    deed: int, first: str | None, second: str | None, database: str | None, trigger: str | None
) -> int:
    if (first or "").lower() in _OF_FIRST.get(deed, _NONE):
        return sqlite3.SQLITE_DENY
    if (second or "").lower() in _OF_SECOND.get(deed, _NONE):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
