"""Rows that are written once: everything else is refused before it reaches the database.

The triggers of `audit.guards` are the wall; this is the sign in front of it.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

Row = TypeVar("Row", bound=models.Model)


class AppendOnlyError(Exception):
    """Somebody tried to change or remove what stands in the ledger or its log."""


class Ledger(models.QuerySet[Row]):
    """Rows that can be added and read."""

    def update(self, **kwargs: Any) -> NoReturn:
        _refuse()

    def _update(self, values: Any) -> NoReturn:  # what Model.save() would call for an UPDATE
        _refuse()

    def delete(self) -> NoReturn:
        _refuse()

    def _raw_delete(self, using: str | None) -> NoReturn:
        _refuse()

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()

    def update_or_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()

    def bulk_create(
        self,
        objs: Iterable[Row],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> list[Row]:
        """Add rows; one that stands there already is an error, never skipped or overwritten."""
        if ignore_conflicts or update_conflicts:
            _refuse()
        return super().bulk_create(objs, batch_size)


class WrittenOnce(models.Model):
    """A row of such a table. A model's own `Meta` takes over the one that is here."""

    objects = Ledger.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"  # the back door gets the same lock

    def save(self, **kwargs: Any) -> None:
        """Add the row, with a plain INSERT: the way through Django's compiler costs twice as much.

        :raises DatabaseError: if the database refuses
        """
        if not self._state.adding:
            _refuse()
        database = connections[DEFAULT_DB_ALIAS]  # looked up once, not for each column
        values = [
            _written(field, getattr(self, field.attname), database)
            for field in self._meta.concrete_fields
        ]
        # what failed must not be committed, whoever catches it
        with transaction.mark_for_rollback_on_error(), database.cursor() as cursor:
            cursor.execute(_statement(type(self)), values)
        self._state.adding, self._state.db = False, database.alias

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()


@cache
def _statement(model: type[models.Model]) -> str:
    columns = [str(field.column) for field in model._meta.concrete_fields]
    names, places = ", ".join(columns), ", ".join("%s" for _ in columns)
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({places})"  # noqa: S608  names of ours


def _written(field: models.Field[Any, Any], value: Any, database: BaseDatabaseWrapper) -> Any:
    """Return a value as the column takes it: PostgreSQL reads texts, whatever the column's type."""
    if database.vendor != "postgresql" or isinstance(value, bytes):
        return field.get_db_prep_save(value, database)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, dict) else value


def _refuse() -> NoReturn:
    raise AppendOnlyError("The audit ledger is append-only.")
