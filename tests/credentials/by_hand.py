"""The sealed form "sa1" computed apart from the product, from its description alone.

HKDF is RFC 5869's two steps of HMAC, GCM is SP 800-38D's counter mode and polynomial; only the block
cipher and the hash are a library's. Slow, and no guard against anything: it is here to agree.
"""

import base64
import hmac
import struct
from uuid import UUID

from tests.credentials.two_keys import BLOCK, encrypt_block, number, times


def key_id(key: bytes) -> str:
    """Return the name that a key has by being what it is."""
    return hmac.digest(key, b"seal-key-id/1", "sha256").hex()[:16]


def seal(
    padded: bytes, *, key: str, salt: str, table: str, row_id: str, user_id: str, label: str
) -> str:
    """Return a secret that is padded already, sealed for one place; keys and salts are hexadecimal."""
    ring_key, salted, name = bytes.fromhex(key), bytes.fromhex(salt), key_id(bytes.fromhex(key))
    info = _behind_lengths(table.encode(), b"seal/1", name.encode())
    derived = _hkdf(ring_key, salted, info)
    data_key, commitment = derived[:32], derived[32:]
    bound = _behind_lengths(
        table.encode() + b"/1",
        b"sa1" + name.encode() + salted + commitment,
        UUID(row_id).bytes,
        UUID(user_id).bytes,
        label.encode(),
    )
    sealed = _gcm(data_key, salted[:12], padded, bound)
    return f"sa1.{name}.{base64.urlsafe_b64encode(salted + commitment + sealed).decode()}"


def padded(secret: bytes) -> bytes:
    """Return the secret with a mark behind it and zeros up to a multiple of 128 bytes."""
    return (secret + b"\x80").ljust((len(secret) // 128 + 1) * 128, b"\0")


def _behind_lengths(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """Return HKDF-SHA512's first 64 bytes: one round of its expansion."""
    return hmac.digest(hmac.digest(salt, key, "sha512"), info + b"\x01", "sha512")


def _gcm(key: bytes, nonce: bytes, text: bytes, bound: bytes) -> bytes:
    """Return ciphertext and tag; the text is whole blocks."""
    stream = b"".join(
        encrypt_block(key, nonce + struct.pack(">I", counter))
        for counter in range(1, len(text) // BLOCK + 2)
    )
    mask, stream = stream[:BLOCK], stream[BLOCK:]
    sealed = bytes(a ^ b for a, b in zip(text, stream, strict=True))
    lengths = struct.pack(">QQ", 8 * len(bound), 8 * len(sealed))
    hashed, hash_key = 0, number(encrypt_block(key, bytes(BLOCK)))
    covered = bound + bytes(-len(bound) % BLOCK) + sealed + lengths
    for start in range(0, len(covered), BLOCK):
        hashed = times(hashed ^ number(covered[start : start + BLOCK]), hash_key)
    return sealed + (hashed ^ number(mask)).to_bytes(BLOCK, "big")
