"""The log's keys, read from AUDIT_SIGNING_KEY and AUDIT_VERIFY_KEY. Pure.

Who seals has a private key, and nobody else; it can be made with `openssl rand -base64 32`. Who only
looks has the public ones, as checkpoints name them.
"""

import base64
import binascii

from audit.notes import NoteError, Signer, Verifier

GOOD = "AUDIT_SIGNING_KEY=<the output of: openssl rand -base64 32>"
GOOD_PUBLIC = "AUDIT_VERIFY_KEY=<what manage.py seal_audit --show-key prints>"
LEAST_DIFFERENT_BYTES = 8  # of the 32; fewer come by chance once in 10^30 keys


class LogKeyError(ValueError):
    """The configured keys cannot be used; the text is one line for the operator, without a key."""


def signers(text: str, origin: str) -> tuple[Signer, ...]:
    """Return those who sign, from comma-separated base64: the newest, and in an overlap the older one.

    :raises LogKeyError: if one is no key, or given twice
    """
    made = tuple(Signer(origin, _seed(word)) for word in _words(text))
    if len({one.verifier for one in made}) < len(made):
        raise LogKeyError(f"AUDIT_SIGNING_KEY holds one key twice. Good: {GOOD}")
    return made


def verifiers(text: str, signing: tuple[Signer, ...]) -> tuple[Verifier, ...]:
    """Return whose signatures count: the public keys that are given, and those of who signs here.

    :raises LogKeyError: if one is no key
    """
    try:
        given = [Verifier.parse(word) for word in _words(text)]
    except NoteError as error:
        raise LogKeyError(f"AUDIT_VERIFY_KEY: {error}. Good: {GOOD_PUBLIC}") from None
    return tuple(dict.fromkeys([*given, *(one.verifier for one in signing)]))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _seed(word: str) -> bytes:
    try:
        seed = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        seed = b""
    if len(seed) != 32 or len(set(seed)) < LEAST_DIFFERENT_BYTES:
        raise LogKeyError(f"AUDIT_SIGNING_KEY holds something that is no key. Good: {GOOD}")
    return seed
