"""The column of sealed texts, and where in such a text its key is named."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, TextField
from django.db.models.sql.compiler import SQLCompiler


class SealedTextField(TextField[str, str]):
    """A text column whose damage is found by whoever opens a text, not by whoever reads a row.

    SQLite keeps any bytes, and where one text of a row is no UTF-8, its driver gives back none of
    the rows. Such a text is read with "\ufffd" in place of what it cannot be.
    """

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Return how a migration makes it: to the database it is a plain text column."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def select_format(self, compiler: SQLCompiler, sql: str, params: Any) -> tuple[str, Any]:
        """Return what to select: on SQLite the bytes."""
        if compiler.connection.vendor == "sqlite":
            sql = f"CAST({sql} AS BLOB)"
        return sql, params

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return the text."""
        return value.decode(errors="replace") if isinstance(value, bytes) else value


class KeyIdIn(Func):
    """The id of the key that a sealed text names; the numbers are literal, as an index needs them."""

    function = "SUBSTR"
    template = "%(function)s(%(expressions)s, 5, 16)"
    output_field = SealedTextField()
