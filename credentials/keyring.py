"""The keys that seal: read from CRED_SEAL_KEY or CRED_SEAL_KEY_FILE, named by what they are.

The first key seals, all of them open. A key's id is computed from the key (HMAC-SHA256, first eight
bytes), so two keys never share an id and a wrong key is known before anything is opened. Error texts
name the id, never a character of a key.
"""

import base64
import hmac
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

KEY_BYTES = 32
LEAST_DIFFERENT_BYTES = 8  # of the 32; fewer come by chance once in 10^30 keys
GOOD = "CRED_SEAL_KEY=<the output of: openssl rand -base64 32>"
GOOD_FILE = "a file of mode 600 with one key a line, each the output of: openssl rand -base64 32"

# words of examples that a key holds by chance once in millions
_PLACEHOLDER = re.compile(
    r"<.*>|your.*key|seal.?key|change.?me|replace.?me|example|placeholder", re.IGNORECASE
)
_URL_SAFE = str.maketrans("-_", "+/")


class KeyRingError(Exception):
    """The configured keys cannot be used; the text is one line for the operator."""


@dataclass(frozen=True)
class Key:
    """One key and the id it has by being what it is."""

    material: bytes = field(repr=False)

    @cached_property
    def id(self) -> str:
        """Return the 16 hexadecimal digits that name this key."""
        return hmac.digest(self.material, b"seal-key-id/1", "sha256")[:8].hex()


@dataclass(frozen=True)
class KeyRing:
    """The primary key, which seals, and the older ones, which still open."""

    keys: tuple[Key, ...]

    @property
    def primary(self) -> Key:
        return self.keys[0]

    def find(self, key_id: str) -> Key | None:
        """Return the key with this id, or None where the ring does not hold it."""
        return self._by_id.get(key_id)

    @cached_property
    def _by_id(self) -> dict[str, Key]:
        return {key.id: key for key in self.keys}


def load(
    value: str, file: str = "", *, other_secrets: Mapping[str, str] = MappingProxyType({})
) -> KeyRing:
    """Return the ring that the two variables describe.

    `other_secrets` are those that no key may be, each under the name of its variable.

    :raises KeyRingError: if no key is set, one is malformed, weak, repeated or used elsewhere too
    """
    if value and file:
        raise KeyRingError("CRED_SEAL_KEY and CRED_SEAL_KEY_FILE are both set. Set one of them.")
    name, good = ("CRED_SEAL_KEY_FILE", GOOD_FILE) if file else ("CRED_SEAL_KEY", GOOD)
    texts = _read(file) if file else [part.strip() for part in value.split(",") if part.strip()]
    if not texts:
        raise KeyRingError(f"{name} is missing or holds no key. Good: {good}")
    keys: dict[str, Key] = {}
    for place, text in enumerate(texts, start=1):
        try:
            key = _key(text, other_secrets)
        except KeyRingError as error:
            raise KeyRingError(f"{name}: key number {place} {error}. Good: {good}") from None
        if key.id in keys:
            raise KeyRingError(f"{name} holds the key {key.id} twice. Name each key once.")
        keys[key.id] = key
    return KeyRing(tuple(keys.values()))


def _read(file: str) -> list[str]:
    """Return the keys that stand in a file, one a line."""
    try:
        with Path(file).open(encoding="ascii") as opened:
            if os.fstat(opened.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyRingError(
                    "CRED_SEAL_KEY_FILE may be read by others. Run: chmod 600 <file>"
                )
            lines = [line.partition("#")[0].strip() for line in opened]  # no key holds a "#"
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not plain ASCII"
        raise KeyRingError(
            f"CRED_SEAL_KEY_FILE cannot be read: {reason}. Good: {GOOD_FILE}"
        ) from None
    return [line for line in lines if line]


def _key(text: str, other_secrets: Mapping[str, str]) -> Key:
    """Return the key that is written like this.

    :raises KeyRingError: if it will not do; the text says what it is, after "key number 1"
    """
    material = _decode(text)
    if _PLACEHOLDER.search(text):
        raise KeyRingError("is a placeholder")
    if material is None:
        raise KeyRingError("is neither base64 nor hexadecimal, so it is not 32 bytes")
    key = Key(material)
    if len(material) != KEY_BYTES:
        raise KeyRingError(f"({key.id}) is not 32 bytes, but {len(material)}")
    steps = {(after - before) % 256 for before, after in pairwise(material)}
    if len(set(material)) < LEAST_DIFFERENT_BYTES or len(steps) == 1:  # as 0, 1, 2 … 31
        raise KeyRingError(f"({key.id}) is too regular")
    if name := is_also(text, other_secrets):
        raise KeyRingError(f"({key.id}) is {name}, too")
    return key


def is_also(text: str, other_secrets: Mapping[str, str]) -> str | None:
    """Return the name of the secret that this key is as well, or is made of."""
    written = {text.encode(), _decode(text)}
    for name, secret in other_secrets.items():
        if secret and (secret == text or written & set(_made_of(secret))):
            return name
    return None


def _made_of(secret: str) -> Iterator[bytes]:
    """Yield what people make of a secret that they use once more."""
    for raw in (secret.encode(), _decode(secret)):
        if raw:
            yield from (raw, raw[:KEY_BYTES], sha256(raw).digest())


def _decode(text: str) -> bytes | None:
    """Return what is written in base64 (standard or URL-safe) or as 64 hex digits."""
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return bytes.fromhex(text)
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    try:
        return base64.b64decode(padded.translate(_URL_SAFE), validate=True)
    except ValueError:  # also for what is not ASCII
        return None
