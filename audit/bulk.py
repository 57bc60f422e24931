"""Thousands of rows in one statement, at scarcely more than the database's own work."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import Lookup

Params = tuple[Any, ...]

_ARRAYS = {
    "BigIntegerField": "bigint[]",
    "UUIDField": "uuid[]",
    "BinaryField": "bytea[]",
    "CharField": "text[]",
    "TextField": "text[]",
    "IntegerField": "integer[]",
    "DateTimeField": "timestamptz[]",
    "JSONField": "jsonb[]",
}


class Among(Lookup[Any]):
    """`id__among=ids`: what `id__in` says, with all of them in one parameter."""

    lookup_name = "among"

    def get_prep_lookup(self) -> list[UUID | int | str]:
        return list(self.rhs)

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, Params]:
        name, params = self.process_lhs(compiler, connection)
        kind = self.lhs.output_field.get_internal_type()
        if connection.vendor == "postgresql":
            return f"{name} = ANY (%s::{_ARRAYS[kind]})", (*params, _array(self.rhs))
        values = json.dumps([_plain(value) for value in self.rhs])
        return f"{name} IN (SELECT value FROM json_each(%s))", (*params, values)  # noqa: S608  a name of ours


def teach_lookups() -> None:
    """Let fields of ids, numbers and texts be asked with `among`."""
    for kind in (models.UUIDField, models.BigIntegerField, models.CharField, models.TextField):
        kind.register_lookup(Among)


def insert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    or_set: tuple[str, str] | None = None,
) -> None:
    """Add rows of numbers, ids, texts, bytes, moments and JSON.

    :param or_set: a key and a column: where a row with the key is there, the column is set
    """
    if not rows:
        return
    names, end = ", ".join(columns), ""
    if or_set:
        key, column = or_set
        end = f" ON CONFLICT ({key}) DO UPDATE SET {column} = excluded.{column}"
    with connection.cursor() as cursor:
        into = f"INSERT INTO {model._meta.db_table} ({names}) "
        if connection.vendor != "postgresql":
            values = ", ".join("%s" for _ in columns)
            plain = [[_plain(value) for value in row] for row in rows]
            cursor.executemany(f"{into}VALUES ({values}){end}", plain)
            return
        kinds = [_ARRAYS[model._meta.get_field(name).get_internal_type()] for name in columns]
        arrays = ", ".join(f"%s::{kind}" for kind in kinds)
        given = [_array(column) for column in zip(*rows, strict=True)]
        cursor.execute(f"{into}SELECT * FROM unnest({arrays}){end}", given)  # noqa: S608  names of ours


def _array(values: Iterable[Any]) -> str:
    """Return an array as PostgreSQL reads it from a text."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: UUID | bytes | int | str | datetime | dict[str, Any] | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    if isinstance(value, dict):
        value = json.dumps(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if not isinstance(value, str):
        return str(value)
    # not as JSON: here a backslash stands for the next character, whichever that is
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(value: Any) -> Any:
    """Return a value as SQLite's columns have it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, dict):
        return json.dumps(value)
    return value.hex if isinstance(value, UUID) else value
