"""Locking SQLite…"""

# ruff: noqa: S608  every statement is made of names of ours

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from audit import guards, sqlite_lock
from audit.sqlite_lock import switch_on  # before the suite keeps it from being called

pytestmark = [
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has roles"),
    pytest.mark.django_db,
]


@pytest.fixture
def locked() -> Iterator[BaseDatabaseWrapper]:
    """Return a connection beside the others, as one of the web server's."""
    second = connection.copy("second")
    second.settings_dict = {**connection.settings_dict, "NAME": ":memory:"}
    second.connect()
    with second.cursor() as cursor:
        for table in (*guards.APPEND_ONLY, "audit_pending", "other"):
            cursor.execute(f"CREATE TABLE {table} (id, changed)")
            cursor.execute(
                f"CREATE TRIGGER {table}_guard BEFORE DELETE ON {table} BEGIN SELECT 1; END"
            )
        cursor.execute("CREATE TEMP TABLE notes (id)")
    sqlite_lock.lock(second)
    yield second
    second.close()


def execute(connection: BaseDatabaseWrapper, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", guards.APPEND_ONLY)
def test_refuses_what_would_change_the_ledger(locked: BaseDatabaseWrapper, table: str) -> None:
    for statement in (
        f"UPDATE {table} SET changed = 1",
        f"UPDATE {table.upper()} SET changed = 1",
        f"DELETE FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE {table} RENAME TO gone",
        f"ALTER TABLE {table} ADD COLUMN more",
        f"ALTER TABLE {table} DROP COLUMN changed",
        f"DROP TRIGGER {table}_guard",
        f"CREATE TEMP TABLE {table} (id)",
        f"CREATE TEMP VIEW {table.upper()} AS SELECT 1",
        "CREATE TEMP TABLE audit_pending (id)",
        f"CREATE VIRTUAL TABLE temp.{table} USING fts5(id)",
        f"CREATE TRIGGER t BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END",
        f"CREATE TEMP TRIGGER t BEFORE INSERT ON {table.upper()} BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TEMP TRIGGER t BEFORE INSERT ON audit_pending BEGIN SELECT RAISE(IGNORE); END",
        "ALTER TABLE temp.notes RENAME TO mandate_audit",
        "PRAGMA writable_schema = on",
        "PRAGMA Writable_Schema = 1",
    ):
        with pytest.raises(DatabaseError, match=r"not authorized|prohibited"):
            execute(locked, statement)


def test_lets_everything_else_pass(locked: BaseDatabaseWrapper) -> None:
    for table in guards.APPEND_ONLY:
        execute(locked, f"INSERT INTO {table} VALUES (1, 2)")
        execute(locked, f"SELECT * FROM {table}")
    for statement in (
        "DELETE FROM audit_pending",
        "UPDATE other SET changed = 1",
        "ALTER TABLE other ADD COLUMN more",
        "DROP TRIGGER other_guard",
        "CREATE TRIGGER t BEFORE INSERT ON other BEGIN SELECT 1; END",
        "DROP TABLE other",
        "CREATE TEMP TABLE more_notes (id)",
        "PRAGMA optimize",
    ):
        execute(locked, statement)


def test_holds_for_every_connection_once_it_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[object] = []
    monkeypatch.setattr(sqlite_lock, "lock", lambda it: locked.append(it))
    try:
        switch_on()
        assert locked == [connections["default"]]
        second = connection.copy("second")
        second.settings_dict = {**connection.settings_dict, "NAME": ":memory:"}
        second.connect()
        second.close()
        assert locked[1:] == [second]
    finally:
        assert connection_created.disconnect(dispatch_uid=sqlite_lock.NAME)
