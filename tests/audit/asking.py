"""Asking PostgreSQL past the product, as whom one likes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.rows_of_people import TABLES


def ask(
    statement: str, *values: Any, via: BaseDatabaseWrapper = connection
) -> list[tuple[Any, ...]]:
    """Return what a statement answers."""
    with via.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def change(statement: str, *values: Any) -> int:
    """Return how many rows a statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def of(table: str, statement: str, key: str = "") -> str:
    """Return a statement about this table and its key."""
    return statement.replace("?table", table).replace("?key", key)


def counts() -> dict[str, int]:
    """Return how many rows of each table can be seen."""
    each = [of(table, "SELECT '?table', count(*) FROM ?table") for table in TABLES]
    return dict(ask(" UNION ALL ".join(each)))


def whom(via: BaseDatabaseWrapper = connection) -> tuple[str, str]:
    """Return as whom the database is asked."""
    [(role, user_id)] = ask("SELECT current_user, current_setting('app.user_id', true)", via=via)
    return role, user_id or ""


def be(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask with this role until the test ends, whatever the product says."""
    monkeypatch.setattr(connections["default"], "execute_wrappers", [])
    ask("SELECT set_config('role', %s, true)", role)


@contextmanager
def refused() -> Iterator[None]:
    """Expect a refusal for want of a right, and go on after it."""
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner|security policy"),
        transaction.atomic(),
    ):
        yield
