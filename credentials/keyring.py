"""The keys that seal: read from CRED_SEAL_KEY or CRED_SEAL_KEY_FILE, named by what they are.

The first key seals, all of them open. A key's id is computed from the key (HMAC-SHA256, first eight
bytes), so two keys never share an id and a wrong key is known before anything is opened. Error texts
name the id, never a character of a key.
"""

import base64
import binascii
import hmac
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

KEY_BYTES = 32
GOOD = "CRED_SEAL_KEY=<the output of: openssl rand -base64 32>"


class KeyRingError(Exception):
    """The configured keys cannot be used; the text is one line for the operator."""


@dataclass(frozen=True)
class Key:
    """One key and the id it has by being what it is."""

    material: bytes = field(repr=False)

    @property
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
        return next((key for key in self.keys if key.id == key_id), None)


def load(value: str, file: str, *, other_secrets: list[str]) -> KeyRing:
    """Return the ring that the two variables describe.

    :raises KeyRingError: if no key is set, one is malformed, weak, repeated or used elsewhere too
    """
    if value and file:
        raise KeyRingError("CRED_SEAL_KEY and CRED_SEAL_KEY_FILE are both set. Set one of them.")
    texts = _read(file) if file else [part.strip() for part in value.split(",") if part.strip()]
    if not texts:
        raise KeyRingError(f"CRED_SEAL_KEY is missing. Good: {GOOD}")
    if any(text in other_secrets for text in texts):
        raise KeyRingError(f"CRED_SEAL_KEY repeats another secret. Good: {GOOD}")
    keys = tuple(Key(_decode(text, place)) for place, text in enumerate(texts, start=1))
    if len({key.id for key in keys}) != len(keys):
        raise KeyRingError("CRED_SEAL_KEY holds the same key twice. Name each key once.")
    return KeyRing(keys)


def _read(file: str) -> list[str]:
    path = Path(file)
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyRingError("CRED_SEAL_KEY_FILE may be read by others. Run: chmod 600 <file>")
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        raise KeyRingError(
            "CRED_SEAL_KEY_FILE cannot be read. Good: a file with one key a line"
        ) from None
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _decode(text: str, place: int) -> bytes:
    """Return the 32 bytes of a key written as base64 (standard or URL-safe) or as 64 hex digits."""
    try:
        if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
            material = bytes.fromhex(text)
        else:
            padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
            material = base64.b64decode(padded.translate(_URL_SAFE), validate=True)
    except (binascii.Error, ValueError):
        material = b""
    if len(material) != KEY_BYTES:
        raise KeyRingError(f"CRED_SEAL_KEY: key number {place} is not 32 bytes. Good: {GOOD}")
    if len(set(material)) < 8:
        raise KeyRingError(f"CRED_SEAL_KEY: key number {place} is too regular. Good: {GOOD}")
    return material


_URL_SAFE = str.maketrans("-_", "+/")
