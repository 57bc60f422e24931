"""Small checks for data that strangers send: each returns the value or raises InvalidError."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from audit import opened

MAX_ITEMS = 200
MAX_TEXT = 2_000

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_REFERENCE = re.compile(r"[!-~]{1,200}")  # visible ASCII: an id, not a sentence
_CURRENCY = re.compile(r"[A-Z]{3}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Item = TypeVar("Item")


class InvalidError(Exception):
    """A value is not what the schema allows."""


def mapping(value: object) -> Mapping[str, object]:
    """Return a JSON object."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidError
    return value


def items(value: object) -> Sequence[object]:
    """Return a JSON list of a sane length."""
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise InvalidError
    return value


def unique(values: Sequence[Item], key: Callable[[Item], object]) -> list[Item]:
    """Return the values, of which no two may share a key."""
    if len({key(value) for value in values}) != len(values):
        raise InvalidError
    return list(values)


def text(value: object, *, low: int = 0, high: int = MAX_TEXT) -> str:
    """Return a text that every database can store: no NUL, no half characters."""
    if not isinstance(value, str) or not low <= len(value) <= high or _UNPRINTABLE.search(value):
        raise InvalidError
    return value


def line(value: object, *, low: int = 1, high: int = 200) -> str:
    """Return a short text without line breaks that says something."""
    found = text(value, low=low, high=high)
    if "\n" in found or "\r" in found or (low and not found.strip()):
        raise InvalidError
    return found


def name(value: object) -> str:
    """Return a machine's name for a thing."""
    return returned(_matching(_NAME, value))


def reference(value: object) -> str:
    """Return somebody else's id."""
    return returned(_matching(_REFERENCE, value))


def returned(value: str) -> str:
    """Return what its owner has to know again, so that it is kept as it is: never with a login."""
    if opened.is_in_name(value):
        raise InvalidError
    return value


def currency(value: object) -> str:
    """Return an ISO 4217 code."""
    return _matching(_CURRENCY, value)


def count(value: object, *, high: int) -> int:
    """Return a whole number from 0 to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= high:
        raise InvalidError
    return value


def quantity(value: object, *, high: float) -> float:
    """Return a finite number from 0 to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidError
    if not math.isfinite(value) or not 0 <= value <= high:
        raise InvalidError
    return float(value)


def one_of(value: object, *choices: Item) -> Item:
    """Return the one of the choices that the value equals."""
    for choice in choices:
        if value == choice:
            return choice
    raise InvalidError


def flag(value: object) -> bool:
    """Return a boolean; 0 and "false" are none."""
    if not isinstance(value, bool):
        raise InvalidError
    return value


def link(value: object) -> str:
    """Return an http(s) address that names its host and hides no login."""
    address = line(value, high=MAX_TEXT)
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - asking is what checks it
    except ValueError:
        raise InvalidError from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise InvalidError
    if any(character.isspace() or character == "\\" for character in address):
        raise InvalidError
    return address


def optional(check: Callable[[object], Item], value: object) -> Item | None:
    """Return the checked value, or None where there is none."""
    return None if value is None else check(value)


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidError
    return value
