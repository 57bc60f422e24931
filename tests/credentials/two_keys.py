"""A ciphertext that AES-GCM opens under two keys: what the stored commitment is there to refuse.

GCM's tag is a polynomial over GF(2^128) in the ciphertext's blocks, so one block can be solved for
such that two keys agree on the tag (Dodis et al., CRYPTO 2018; Len et al., USENIX Security 2021).
"""

import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

BLOCK = 16
REDUCTION = 0xE1 << 120


def forge(key: bytes, other: bytes, nonce: bytes, bound: bytes, wanted: bytes, free: int) -> bytes:
    """Return ciphertext and tag that open under both keys.

    Under `other` they open to `wanted` but for the block number `free`, which is what it has to be.
    """
    stream = b"".join(
        encrypt_block(other, nonce + struct.pack(">I", 2 + index))
        for index in range(len(wanted) // BLOCK)
    )
    sealed = bytearray(a ^ b for a, b in zip(wanted, stream, strict=True))
    sealed[free * BLOCK : (free + 1) * BLOCK] = bytes(BLOCK)
    head = bound + bytes(-len(bound) % BLOCK)
    lengths = struct.pack(">QQ", 8 * len(bound), 8 * len(sealed))
    place = len(head) // BLOCK + free
    blocks = _blocks(head + sealed + lengths)
    powers = [_powers(_hash_key(one), len(blocks)) for one in (key, other)]
    masks = [number(encrypt_block(one, nonce + struct.pack(">I", 1))) for one in (key, other)]
    difference = masks[0] ^ masks[1]
    for block, mine, others in zip(blocks, *powers, strict=True):
        difference ^= times(block, mine ^ others)
    solved = times(difference, _inverse(powers[0][place] ^ powers[1][place]))
    blocks[place] = solved
    sealed[free * BLOCK : (free + 1) * BLOCK] = solved.to_bytes(BLOCK, "big")
    tag = masks[0]
    for block, power in zip(blocks, powers[0], strict=True):
        tag ^= times(block, power)
    return bytes(sealed) + tag.to_bytes(BLOCK, "big")


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """Return one block encrypted with the bare cipher."""
    return Cipher(AES(key), ECB()).encryptor().update(block)  # noqa: S305  one block: GCM's own use


def _hash_key(key: bytes) -> int:
    return number(encrypt_block(key, bytes(BLOCK)))


def number(block: bytes) -> int:
    """Return a block as GCM's field reads it."""
    return int.from_bytes(block, "big")


def _blocks(text: bytes) -> list[int]:
    return [number(text[start : start + BLOCK]) for start in range(0, len(text), BLOCK)]


def _powers(base: int, count: int) -> list[int]:
    """Return base^count … base^1: what each block is multiplied with."""
    found = [base]
    while len(found) < count:
        found.append(times(found[-1], base))
    return found[::-1]


def times(left: int, right: int) -> int:
    """Return the product in GCM's field, whose bits run from the left."""
    product = 0
    for bit in range(127, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ (REDUCTION if right & 1 else 0)
    return product


def _inverse(value: int) -> int:
    """Return value^(2^128 - 2)."""
    result = value
    for _ in range(126):
        result = times(times(result, result), value)
    return times(result, result)
