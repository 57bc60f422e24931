"""Rows that are written once: everything else is refused before it reaches the database.

The triggers of `audit.guards` are the wall; this is the sign in front of it.
"""

from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from django.db import models

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
        if not self._state.adding:
            _refuse()
        super().save(**(kwargs | {"force_insert": True}))  # never an update in disguise

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()


def _refuse() -> NoReturn:
    raise AppendOnlyError("The audit ledger is append-only.")
