"""Texts on SQLite that are none: who writes to its file can put any bytes where a text must be.

They are read all the same: what no text can hold, as half a character (PEP 383). No record has one, so
whoever seals or verifies sees that it is none, and goes on with the others.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def read_any(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receive `connection_created`."""
    if connection.vendor == "sqlite":
        connection.connection.text_factory = _text


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")
