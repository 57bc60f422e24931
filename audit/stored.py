"""Reading records for sealing and verification: columns as they are hashed, and no models.

A record is hashed over its columns as JSON has them. The database is asked for them in that form, so
that each is turned into text once; that makes the difference between an hour and a minute. A plain
INSERT may have put anything there, of any length: what no record can be is seen, and never an error.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from audit import canonical, leaves
from audit.models import MandateAudit

Row = tuple[Any, ...]

# Of a metadata and of another text so much is read, in characters: a record has no more of them.
MOST_OF_METADATA, MOST_OF_TEXT = 64 * 1024, canonical.MAX_TEXT

COLUMNS = canonical.COLUMNS_OF[canonical.SCHEMA_V]
_NAMES = (*COLUMNS, "content_hash")
ID, USER_ID, ACTION, CREATED_AT = (
    COLUMNS.index(name) for name in ("id", "user_id", "action", "created_at")
)


def sealed(*, after: int, size: int) -> list[Row]:
    """Return the next leaves with what belongs to them.

    A row is the place in the log, the leaf's hash, the record's id, the subject's number, the place
    in its trail, the subject's tag, and the record's columns with its hash; what is not there is None.
    """
    return _rows(
        f"SELECT l.log_index, l.leaf_hash, {_uuid('l.event_id')}, l.subject, l.subject_seq, s.tag,"  # noqa: S608  names of ours
        f" {_columns('m')} FROM audit_leaf l"
        " LEFT JOIN mandate_audit m ON m.id = l.event_id"
        " LEFT JOIN audit_subject s ON s.number = l.subject"
        " WHERE l.log_index > %s ORDER BY l.log_index LIMIT %s",
        [after, size],
    )


def waiting(*, after: Any, size: int) -> list[Row]:
    """Return the next rows of the list of what is to seal, in the order of their ids.

    A row is the key (to go on after it; None to begin), the record's id, its place in the log, and
    the record's columns with its hash.
    """
    later, key = ("", []) if after is None else ("WHERE p.event_id > %s", [after])
    if isinstance(after, str):  # SQLite's, of whatever bytes
        later = "WHERE p.event_id > CAST(%s AS TEXT)"
        key = [after.encode(errors="surrogateescape")]
    return _rows(
        f"SELECT p.event_id, {_uuid('p.event_id')}, l.log_index, {_columns('m')}"  # noqa: S608  names of ours
        " FROM audit_pending p LEFT JOIN mandate_audit m ON m.id = p.event_id"
        f" LEFT JOIN audit_leaf l ON l.event_id = p.event_id {later}"
        " ORDER BY p.event_id LIMIT %s",
        [*key, size],
    )


def recorded(ids: Sequence[str]) -> list[Row]:
    """Return the records of these ids, oldest first: their columns with the hash.

    :param ids: as the database has them
    """
    is_postgresql = connection.vendor == "postgresql"
    among = "= ANY (%s::uuid[])" if is_postgresql else "IN (SELECT value FROM json_each(%s))"
    return _rows(
        f"SELECT {_columns('m')} FROM mandate_audit m WHERE m.id {among}"  # noqa: S608  names of ours
        " ORDER BY m.created_at, m.id",
        [list(ids) if is_postgresql else json.dumps(list(ids))],
    )


def newest(size: int) -> list[Row]:
    """Return the newest records: their columns with the hash."""
    return _rows(
        f"SELECT {_columns('m')} FROM mandate_audit m"  # noqa: S608  names of ours
        " ORDER BY m.created_at DESC, m.id DESC LIMIT %s",
        [size],
    )


def unknown_to_the_log(most: int) -> list[str]:
    """Return the ids of records that are neither in the log nor on the list of what is to seal."""
    rows = _rows(
        f"SELECT {_uuid('m.id')} FROM mandate_audit m"  # noqa: S608  names of ours
        " WHERE NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.event_id = m.id)"
        " AND NOT EXISTS (SELECT 1 FROM audit_pending p WHERE p.event_id = m.id)"
        " ORDER BY m.created_at, m.id LIMIT %s",
        [most],
    )
    return [event_id for (event_id,) in rows]


def as_recorded(values: Sequence[Any]) -> dict[str, Any] | None:
    """Return a record by its columns, the metadata as an object; None where it is not what was recorded.

    It is asked before a record is sealed: the columns must be such as are written, and have the hash
    that stands behind them. `is_unchanged` is for what was found to be one then.
    """
    said = dict(zip(_NAMES, values, strict=True))
    try:
        said["metadata"] = _decode(said["metadata"])
        ids = (said[name] for name in _IDS if said[name] is not None)
        is_spelled = said["id"] is not None and all(_ID.fullmatch(one) for one in ids)
        is_spelled = is_spelled and bool(_MOMENT.fullmatch(said["created_at"]))
        datetime.fromisoformat(said["created_at"])  # there is such a day
        is_it = is_spelled and canonical.new_hash(said) == said["content_hash"]
    except (TypeError, ValueError, OverflowError, RecursionError):  # that was never recorded
        return None
    return said if is_it else None


def is_unchanged(values: Sequence[Any]) -> bool:
    """Say whether a record's columns still have the hash that stands behind them."""
    said = dict(zip(COLUMNS, values, strict=False))
    try:
        said["metadata"] = _decode(said["metadata"])
        has_moment = said["created_at"] is not None
        return has_moment and bool(canonical.quick_hash(said) == values[-1])
    except (TypeError, ValueError, RecursionError):  # that was never recorded
        return False


@lru_cache(maxsize=65_536)
def tag_of(user_id: str | None) -> str:
    """Return the tag of a user's trail; an empty text, if the id is none."""
    try:
        return leaves.subject_tag(UUID(user_id) if user_id else None)
    except ValueError:
        return ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):  # SQLite keeps the text: two readers could read two values
        raise ValueError("a key stands there twice")
    return said


_decode = json.JSONDecoder(object_pairs_hook=_once).decode


def _columns(table: str) -> str:
    """Return the SQL for the columns of a record in the form in which they are hashed."""
    return ", ".join(_column(f"{table}.{name}", name) for name in _NAMES)


def _column(place: str, name: str) -> str:
    kind = "TextField" if name == "content_hash" else _KINDS[name]
    if kind == "UUIDField":
        return _uuid(place)
    if kind == "DateTimeField":
        return _moment(place)
    return place if kind == "IntegerField" else _bounded(place, kind)


def _bounded(place: str, kind: str) -> str:
    """Return the SQL for a text, or for its beginning if it is longer than any: that fits no hash."""
    most = MOST_OF_METADATA if kind == "JSONField" else MOST_OF_TEXT
    text = f"{place}::text" if connection.vendor == "postgresql" else place
    return (
        f"CASE WHEN length({text}) > {most} THEN substr({text}, 1, {most}) || '…' ELSE {text} END"
    )


def _moment(place: str) -> str:
    if connection.vendor == "postgresql":  # years before the first would look like those after it
        form = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
        text = f"to_char({place} AT TIME ZONE 'UTC', '{form}')"
        return f"CASE WHEN {place} >= '0001-01-01 00:00:00+00' THEN {text} END"
    # "2026-07-14 12:00:00", and the six decimals only if they are not 0
    decimals = f"CASE WHEN length({place}) = 19 THEN '.000000Z' ELSE 'Z' END"
    return f"replace({place}, ' ', 'T') || {decimals}"


def _uuid(place: str) -> str:
    if connection.vendor == "postgresql":
        return f"{place}::text"
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 99))
    return " || '-' || ".join(f"substr({place}, {start}, {size})" for start, size in parts)


_KINDS = {name: MandateAudit._meta.get_field(name).get_internal_type() for name in COLUMNS}
_IDS = tuple(name for name, kind in _KINDS.items() if kind == "UUIDField")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _rows(statement: str, values: Sequence[Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[Row] = cursor.fetchall()
    return rows
