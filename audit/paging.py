"""Pages of any length of list at the same price: each page starts where the last one ended."""

import base64
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

PAGE_SIZE = 50

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = struct.Struct(">q16s")  # microseconds since the epoch, and the id
_SHAPE = re.compile(r"[A-Za-z0-9_-]{32}")

Place = tuple[datetime, UUID]  # of a row in the order of time

Row = TypeVar("Row", bound=Model)


class BadCursorError(ValueError):
    """The cursor is not one that we gave."""


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, newest first, and the cursor of the page after them (None: this is the last)."""

    rows: list[Row]
    next: str | None


def page_of(queryset: QuerySet[Row], cursor: str | None, size: int = PAGE_SIZE) -> Page[Row]:
    """Return the page that starts at the cursor, newest first.

    The rows have a `created_at` and a UUID `id`; rows that arrive meanwhile move nothing.

    :raises BadCursorError: for a cursor that no page gave
    """
    if cursor:
        queryset = queryset.filter(beyond(read(cursor), older=True))
    found = list(queryset.order_by("-created_at", "-id")[: size + 1])
    rows = found[:size]
    return Page(rows, _cursor_after(rows[-1]) if len(found) > size else None)


def beyond(place: Place, *, older: bool, inclusive: bool = False) -> Q:
    """Return the condition, written so that an index is entered right at the place."""
    way, (at, row_id) = "lt" if older else "gt", place
    last = f"{way}e" if inclusive else way
    return Q(**{f"created_at__{way}e": at}) & (
        Q(**{f"created_at__{way}": at}) | Q(**{f"id__{last}": row_id})
    )


def _cursor_after(row: Any) -> str:
    return cursor_of(row.created_at, row.id)


def cursor_of(at: datetime, row_id: UUID) -> str:
    """Return the cursor of a place in the order of time."""
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(_PLACE.pack(micros, row_id.bytes)).decode()


def read(cursor: str) -> Place:
    """Return the place that a cursor names.

    :raises BadCursorError: for a cursor that is none of ours
    """
    try:
        if not _SHAPE.fullmatch(cursor):
            raise ValueError
        micros, row_id = _PLACE.unpack(base64.urlsafe_b64decode(cursor))
        return _EPOCH + timedelta(microseconds=micros), UUID(bytes=row_id)
    except (ValueError, OverflowError):
        raise BadCursorError("The cursor is not one that we gave.") from None
