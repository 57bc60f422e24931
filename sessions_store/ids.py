"""Ids whose order is that of time."""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_BITS = 74
_VERSION_AND_VARIANT = (7 << 76) | (0b10 << 62)


def time_ordered(at: datetime) -> UUID:
    """Return a new UUID (version 7, RFC 9562) of this time: 74 bits are random, nobody can guess it.

    What is written at about the same time lies close together in every index, and so does what is
    deleted together: with random ids each row costs a page of its own in each of them.
    """
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    chance = secrets.randbits(_RANDOM_BITS)
    high, low = chance >> 62, chance & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | _VERSION_AND_VARIANT | (high << 64) | low)
