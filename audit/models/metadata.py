"""A column of JSON that can always be read: whoever may write to the table may put any JSON there.

A database takes numbers of more digits than Python reads, or that are none here, lists in lists without
end, and halves of characters that no page can show. Such metadata are given as the text that they are:
no record has a text there, so it is known for none, and no list breaks that it stands in.
"""

import json
from typing import Any, NoReturn

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.fields.json import KeyTransform

from audit.models.text import shown

DEEPEST = 50  # objects and lists inside each other that are still read; a record has a few


class MetadataField(models.JSONField[Any, Any]):
    """JSON, or its text where nobody can read it."""

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return the value, never an error."""
        if value is None or (isinstance(expression, KeyTransform) and not isinstance(value, str)):
            return value
        return readable(value)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Return what migrations know: to the database it is as any other."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", list(args), dict(kwargs)


def readable(text: str | bytes) -> Any:
    """Return what a text says in JSON, or the text where it says nothing that can be handled."""
    if isinstance(text, bytes):  # on SQLite, which also takes a text for one that is none
        return shown(text)
    if not text.isascii() and (said := shown(text)) != text:
        return said
    try:
        value = _decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
        is_deep = text.count("[") + text.count("{") > DEEPEST and _is_deeper(value, DEEPEST)
    except (ValueError, RecursionError):
        return text
    return text if is_deep else value


def _is_deeper(value: Any, than: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not than or any(_is_deeper(one, than - 1) for one in inside)


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("too large a number")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


_decode = json.JSONDecoder(parse_float=_number, parse_constant=_refuse).decode
