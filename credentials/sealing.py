"""The sealed form "sa1": how a secret lies in the database.

    sa1.<key id>.<base64url(salt 32 | commitment 32 | AES-256-GCM ciphertext and tag)>

To seal a secret for a place (a row, its owner, a label):

1. Draw a random salt, and derive 64 bytes from the ring's key with it (HKDF-SHA512, RFC 5869). The
   first half is the data key of this one sealing, so no AES-GCM key (NIST SP 800-38D) is used twice;
   the second half is stored as the commitment to it.
2. Pad the secret to a multiple of 128 bytes: nobody sees how long a password is.
3. Encrypt it. The tag covers the place, the key's id, the salt and the commitment as well.

To open it, go the same way back, and stop at whatever is not exactly as it was sealed. A commitment
that differs means another key, or a text that was forged to open under two keys. A tag that differs
means a damaged text, or one that was moved to another place.

Only `credentials.services` may import this module. Its error texts hold no value, and error reports
show no variables (`signupassist.reports`), so nothing here needs to hide them.
"""

import base64
import hmac
import os
import struct
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from credentials.keyring import Key, KeyRing

VERSION = "sa1"
SALT, COMMITMENT, DATA_KEY, NONCE, TAG = 32, 32, 32, 12, 16  # how many bytes each is long
HEAD = SALT + COMMITMENT
BLOCK = 128  # a padded secret is a multiple of it
ROW = struct.Struct(">I16sI16sI")  # row and user, each behind its length, and the label's
KEY_ID = 16  # hexadecimal digits
ALGORITHM = SHA512()


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


def seal(secret: bytes, *, key: Key, place: Place) -> str:
    """Return the secret sealed for one place, different every time."""
    data_key, head, bound = _prepare(key, place, os.urandom(SALT))
    ciphertext = AESGCM(data_key).encrypt(head[:NONCE], _pad(secret), bound)
    return f"{VERSION}.{key.id}.{base64.urlsafe_b64encode(head + ciphertext).decode()}"


def unseal(text: str, *, ring: KeyRing, place: Place) -> bytes:
    """Return the secret that was sealed for this place.

    :raises UnknownKeyError: if the ring does not hold its key
    :raises UnreadableError: if it is not, byte for byte, what was sealed for this place
    """
    key_id, head, ciphertext = _parse(text)
    key = ring.find(key_id)
    if key is None:
        raise UnknownKeyError(key_id)
    data_key, expected_head, bound = _prepare(key, place, head[:SALT])
    if not hmac.compare_digest(head, expected_head):
        raise UnreadableError("commitment")
    try:
        return _unpad(AESGCM(data_key).decrypt(head[:NONCE], ciphertext, bound))
    except InvalidTag:
        raise UnreadableError("tag") from None


def key_id_of(text: str) -> str:
    """Return the id of the key that sealed a text.

    :raises UnreadableError: if it is no sealed text
    """
    return _parse(text)[0]


def _prepare(key: Key, place: Place, salt: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the data key of one sealing, the head (salt and commitment), and what the tag covers.

    Everything the tag covers stands behind its length: no two places read the same.
    """
    info, start = _constants(place.table, key.id)
    label = place.label.encode()
    row = ROW.pack(16, place.row_id.bytes, 16, place.user_id.bytes, len(label))
    derived = HKDF(ALGORITHM, DATA_KEY + COMMITMENT, salt, info).derive(key.material)
    head = salt + derived[DATA_KEY:]
    return derived[:DATA_KEY], head, start + head + row + label


@lru_cache(maxsize=64)
def _constants(table: str, key_id: str) -> tuple[bytes, bytes]:
    """Return HKDF's info, and what the tag covers before the head: the same for all of a table."""
    table_1, version = f"{table}/1".encode(), f"{VERSION}{key_id}".encode()
    info = _joined(table.encode(), b"seal/1", key_id.encode())
    return info, _joined(table_1) + _length(len(version) + HEAD) + version


def _parse(text: str) -> tuple[str, bytes, bytes]:
    """Return a sealed text's key id, its head (salt and commitment), and its ciphertext."""
    version, _, rest = text.partition(".")
    key_id, _, body = rest.partition(".")
    try:
        raw = base64.urlsafe_b64decode(body)
    except ValueError:
        raise UnreadableError("form") from None
    head, ciphertext = raw[:HEAD], raw[HEAD:]
    if (
        version != VERSION
        or len(key_id) != KEY_ID
        or key_id.strip("0123456789abcdef")
        or len(ciphertext) < BLOCK + TAG
        or len(ciphertext) % BLOCK != TAG
        # Python's decoder drops what it does not know: only the one canonical spelling may open
        or base64.urlsafe_b64encode(raw).decode() != body
    ):
        raise UnreadableError("form")
    return key_id, head, ciphertext


def _joined(*parts: bytes) -> bytes:
    return b"".join(_length(len(part)) + part for part in parts)


def _length(size: int) -> bytes:
    return size.to_bytes(4, "big")


def _pad(secret: bytes) -> bytes:
    return secret + b"\x80" + bytes(-(len(secret) + 1) % BLOCK)


def _unpad(padded: bytes) -> bytes:
    secret = padded.rstrip(b"\0")
    if not secret.endswith(b"\x80"):
        raise UnreadableError("padding")
    return secret[:-1]
