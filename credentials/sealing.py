"""The sealed form "sa1": how a secret lies in the database.

    sa1.<key id>.<base64url(salt 32 | commitment 32 | AES-256-GCM ciphertext and tag)>

Every sealing derives a key of its own from a ring key and a random salt (HKDF-SHA512, RFC 5869), so
no AES-GCM key (NIST SP 800-38D) is used twice. Half of what is derived is stored as a commitment: a
wrong key and damaged data can be told apart, and a ciphertext that opens under two keys is refused.
The row, its owner and the provider are authenticated with it: a ciphertext moved elsewhere does not
open. Padding to 128 bytes hides how long the password is.

Only `credentials.services` may import this module.
"""

import base64
import binascii
import hmac
import os
import re
import struct
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from credentials.keyring import Key, KeyRing

VERSION = "sa1"
SALT, COMMITMENT, TAG, BLOCK = 32, 32, 16, 128
FORM = re.compile(r"sa1\.([0-9a-f]{16})\.([A-Za-z0-9_=-]+)")


class SealError(Exception):
    """A sealed text cannot be opened; it stays as it is."""


class UnknownKeyError(SealError):
    """The ring does not hold the key that sealed it."""


class UnreadableError(SealError):
    """It is damaged, was moved from another place, or is no sealed text at all."""


@dataclass(frozen=True)
class Place:
    """Where a sealed text belongs; it opens nowhere else."""

    table: str
    row_id: UUID
    user_id: UUID
    label: str  # what else must not change: the provider of a login


def seal(secret: bytes, *, key: Key, place: Place, salt: bytes | None = None) -> str:
    """Return the secret sealed for one place (`salt` is for known-answer tests alone)."""
    salt = salt or os.urandom(SALT)
    data_key, commitment = _derive(key, place, salt)
    sealed = AESGCM(data_key).encrypt(
        salt[:12], _pad(secret), _bound(key.id, salt, commitment, place)
    )
    body = base64.urlsafe_b64encode(salt + commitment + sealed).decode("ascii")
    return f"{VERSION}.{key.id}.{body}"


def unseal(text: str, *, ring: KeyRing, place: Place) -> bytes:
    """Return the secret that was sealed for this place.

    :raises UnknownKeyError: if the ring does not hold its key
    :raises UnreadableError: if it is not, byte for byte, what was sealed for this place
    """
    key_id, salt, commitment, sealed = _parse(text)
    key = ring.find(key_id)
    if key is None:
        raise UnknownKeyError(key_id)
    data_key, expected = _derive(key, place, salt)
    if not hmac.compare_digest(commitment, expected):
        raise UnreadableError("commitment")
    try:
        padded = AESGCM(data_key).decrypt(
            salt[:12], sealed, _bound(key_id, salt, commitment, place)
        )
    except InvalidTag:
        raise UnreadableError("tag") from None
    return _unpad(padded)


def key_id_of(text: str) -> str:
    """Return the id of the key that sealed a text.

    :raises UnreadableError: if it is no sealed text
    """
    return _parse(text)[0]


def _parse(text: str) -> tuple[str, bytes, bytes, bytes]:
    match = FORM.fullmatch(text)
    if match is None:
        raise UnreadableError("form")
    try:
        raw = base64.urlsafe_b64decode(match[2])
    except binascii.Error:
        raise UnreadableError("form") from None
    # Python's decoder drops what it does not know: only the one canonical spelling may open
    if base64.urlsafe_b64encode(raw).decode("ascii") != match[2]:
        raise UnreadableError("form")
    sealed = raw[SALT + COMMITMENT :]
    if len(sealed) < BLOCK + TAG or (len(sealed) - TAG) % BLOCK:
        raise UnreadableError("form")
    return match[1], raw[:SALT], raw[SALT : SALT + COMMITMENT], sealed


def _derive(key: Key, place: Place, salt: bytes) -> tuple[bytes, bytes]:
    """Return the one-use data key and the commitment to it."""
    info = _joined(place.table.encode(), b"seal/1", key.id.encode())
    material = HKDF(algorithm=SHA512(), length=64, salt=salt, info=info).derive(key.material)
    return material[:32], material[32:]


def _bound(key_id: str, salt: bytes, commitment: bytes, place: Place) -> bytes:
    """Return what the tag authenticates besides the secret."""
    return _joined(
        f"{place.table}/1".encode(),
        VERSION.encode() + key_id.encode() + salt + commitment,
        place.row_id.bytes,
        place.user_id.bytes,
        place.label.encode(),
    )


def _joined(*parts: bytes) -> bytes:
    """Return the parts, each behind its length: no two lists of parts read the same."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _pad(secret: bytes) -> bytes:
    return secret + b"\x80" + b"\0" * (-(len(secret) + 1) % BLOCK)


def _unpad(padded: bytes) -> bytes:
    secret, mark, rest = padded.rpartition(b"\x80")
    if not mark or rest.strip(b"\0"):
        raise UnreadableError("padding")
    return secret
