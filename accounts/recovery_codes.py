"""Codes for whoever lost their authenticator app: each opens the account once.

They are kept as hashes, so nobody can read them. A plain hash will do, for they are long: nobody guesses
119 bits, with the hash in hand or without.
"""

import hashlib
import secrets
from collections.abc import Iterable

LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # without those that look like one another
AMOUNT, GROUPS, GROUP = 10, 4, 6


def draw() -> list[str]:
    """Return a fresh set, each as a person reads it: `7kq2mx-9tfa4b-2cdrv8-hmz3ke`."""
    return ["-".join(_letters() for _ in range(GROUPS)) for _ in range(AMOUNT)]


def hashes_of(codes: Iterable[str]) -> list[str]:
    """Return what to keep of a set."""
    return [hash_of(code) for code in codes]


def hash_of(code: str) -> str:
    """Return what is kept of a code, however it was typed."""
    return hashlib.sha256(bare(code).encode()).hexdigest()


def bare(code: str) -> str:
    """Return a code as it is compared: without spaces and dashes, in lower case."""
    return "".join(code.split()).replace("-", "").lower()


def _letters() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(GROUP))
