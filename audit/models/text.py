"""A column of text that can always be read: whoever writes to SQLite's file can put any bytes there.

PostgreSQL takes nothing but texts. On SQLite bytes that are none are given as a text that says so, and
looks the same on every page and in every file. No record has one: it has no hash, whatever it says.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

Given = TypeVar("Given", contravariant=True)
Read = TypeVar("Read", covariant=True)


class Unreadable(str):
    """What stands for a text that nobody can read."""

    __slots__ = ()


class RecordedText(models.TextField[Given, Read]):
    """A text, or an `Unreadable` one."""

    def get_db_converters(self, connection: BaseDatabaseWrapper) -> list[Callable[..., Any]]:
        """Return what is done with each value; nothing, where the database has texts alone."""
        return [_readable] if connection.vendor == "sqlite" else []

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Return what migrations know: to the database it is as any other."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", list(args), dict(kwargs)


def shown(text: str | bytes) -> str:
    """Return a text with a sign for each byte that is none: ``\\xff``.

    :param text: as `audit.sqlite_texts` reads it, or the bytes themselves
    """
    raw = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
    return raw.decode(errors="backslashreplace")


def _readable(value: Any, *_: Any) -> Any:
    if value is None or (isinstance(value, str) and value.isascii()):
        return value
    said = shown(value)
    return value if said == value else Unreadable(f"unreadable: {said}")
