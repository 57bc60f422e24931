"""The one form in which a row of the ledger is hashed, and the values that form allows.

The canonical form is RFC 8785 (JCS). What a row may hold is kept to a profile in which JCS, jsonb,
SQLite's text and Python's `json.dumps(sort_keys=True)` agree to the byte, so that a row that was
read back, on either database, by anyone, hashes to what was stored with it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import rfc8785

SCHEMA_V = 1

# What a row of each schema version is hashed over. A new column is a new version, never an edit.
COLUMNS_OF: dict[int, tuple[str, ...]] = {
    1: (
        "id",
        "user_id",
        "actor",
        "action",
        "provider",
        "org_ref",
        "program_ref",
        "credential_id",
        "session_id",
        "metadata",
        "created_at",
        "schema_v",
    )
}

MAX_BYTES = 8 * 1024  # of the metadata
MAX_TEXT = 1_000  # characters of any other column
MAX_DEPTH = 4  # objects and lists inside each other, the metadata itself included
MAX_INT = 2**53 - 1  # what a JSON number carries exactly everywhere

_DOMAIN = b"mandate-audit/v1\0"
_KEY = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_ENCODER = json.JSONEncoder(  # that nothing holds itself is seen by its depth
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
)


# Where a value stands: a column, or what it is in with its key (None: it is in a list).
Place = str | tuple["Place", str | None]


class ProfileError(ValueError):
    """A value has no canonical form; the text names its place, never the value."""


def content_hash(row: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, over everything a row says.

    :raises ProfileError: if a column is missing or holds what the profile does not allow
    """
    return hashlib.sha256(_DOMAIN + event(row)).hexdigest()


def event(row: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a row, given as column names and Python values.

    :raises ProfileError: if a column is missing or holds what the profile does not allow
    """
    canonical: bytes = rfc8785.dumps(_checked(row))
    _must_fit(canonical, row)
    return canonical


def new_hash(row: Mapping[str, Any]) -> str:
    """Return the `content_hash` of a row that is about to be written, at half the price.

    :raises ProfileError: if a column is missing or holds what the profile does not allow
    """
    canonical = _quickly(_checked(row))
    _must_fit(canonical, row)
    return hashlib.sha256(_DOMAIN + canonical).hexdigest()


def _checked(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row as JSON has them.

    :raises ProfileError: if a column is missing or holds what the profile does not allow
    """
    try:
        said = {
            name: row[name] if name == "metadata" else _column(name, row[name])
            for name in COLUMNS_OF[row["schema_v"]]
        }
    except KeyError as missing:
        raise ProfileError(f"no such column or schema version: {missing}") from None
    if not isinstance(said["metadata"], dict):
        raise ProfileError("metadata is not an object")
    _check_value(said["metadata"], "metadata", MAX_DEPTH)
    return said


def _must_fit(canonical: bytes, row: Mapping[str, Any]) -> None:
    """Return where the metadata is not too much; that it is takes a long row.

    :raises ProfileError: if it is
    """
    if len(canonical) > MAX_BYTES and len(_quickly(row["metadata"])) > MAX_BYTES:
        raise ProfileError(f"metadata is larger than {MAX_BYTES} bytes")


def quick_hash(said: Mapping[str, Any]) -> str:
    """Return the hash of a row that was read back, its columns as JSON has them (ids, moments as text).

    Five times as quick as `content_hash`, since nothing is checked: what is outside of the profile
    gets a hash, too, but never one that was recorded.

    :raises ProfileError: if a column is missing, or the schema version is none
    :raises TypeError: if JSON has no such value
    :raises ValueError: if a text holds half a character
    """
    try:
        columns = {name: said[name] for name in COLUMNS_OF[said["schema_v"]]}
    except KeyError as missing:
        raise ProfileError(f"no such column or schema version: {missing}") from None
    return hashlib.sha256(_DOMAIN + _quickly(columns)).hexdigest()


def moment(at: datetime) -> str:
    """Return a moment as the ledger writes it: UTC, always six decimals, `Z`.

    :raises ProfileError: if the moment does not say its time zone
    """
    if at.utcoffset() is None:
        raise ProfileError("a moment needs its time zone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _quickly(said: dict[str, Any]) -> bytes:
    """Return the canonical bytes of what passed the profile, at a fraction of the price."""
    return _ENCODER.encode(said).encode()


def _column(name: str, value: Any) -> str | int | None:
    """Return a column as JSON has it: ids and moments as text, the rest as it is."""
    if value is None:
        return None
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ProfileError(f"{name} is longer than {MAX_TEXT} characters")
        _check_text(value, name)
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, int):
        _check_number(value, name)
        return value
    raise ProfileError(f"{name} is of a kind that has no canonical form")


def _check_value(value: Any, place: Place, depth: int) -> None:
    """Pass a value that JSON can hold; `depth` is how many objects and lists it may be of."""
    if value is None:
        return
    if isinstance(value, str):
        _check_text(value, place)
    elif isinstance(value, int):  # a bool is one, too
        _check_number(value, place)
    elif not isinstance(value, dict | list):
        raise ProfileError(f"{_said(place)} is of a kind that has no canonical form")
    elif not depth:
        raise ProfileError(f"{_said(place)} is nested too deeply")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not (isinstance(key, str) and _KEY.fullmatch(key)):
                raise ProfileError(f"{_said(place)} has a key that is no plain word")
            if item is not None:
                _check_value(item, (place, key), depth - 1)
    else:
        for item in value:
            _check_value(item, (place, None), depth - 1)


def _said(place: Place) -> str:
    """Return the name of a place; put together only for who is told of it."""
    if isinstance(place, str):
        return place
    outer, key = place
    return f"{_said(outer)}[]" if key is None else f"{_said(outer)}.{key}"


def _check_number(value: int, place: Place) -> None:
    if abs(value) > MAX_INT:
        raise ProfileError(f"{_said(place)} is too large a number; write it as text")


def _check_text(value: str, place: Place) -> None:
    if "\0" in value:
        raise ProfileError(f"{_said(place)} holds a NUL")
    if value.isascii():  # as nearly all are
        return
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ProfileError(f"{_said(place)} holds half a character") from None
