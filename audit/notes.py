"""Signed notes and checkpoints, as C2SP specifies them (signed-note.md, tlog-checkpoint.md). Pure.

A note is a text, an empty line, and a line a signature. A checkpoint is a note whose text says, a line
each: the log's origin, the tree's size, and its root in base64. Signatures are Ed25519 (RFC 8032).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\1"  # the signature type of a note
MAX_BYTES = 16 * 1024
MAX_SIGNATURES = 16

_NAME = re.compile(r"[^\s+]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class NoteError(ValueError):
    """A text is no note, a key no key, or nobody who is known has signed."""


@dataclass(frozen=True)
class Verifier:
    """A public key under the name of the log that signs with it."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four bytes by which a signature names its key."""
        named = self.name.encode() + b"\n" + ED25519 + self.public
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        """Return the key as others take it: name, key id in hex, type and key in base64."""
        key = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Return the key that a text names.

        :raises NoteError: if it names none, or the id in it is another key's
        """
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        key = _decoded(encoded)
        if len(key) != 33 or key[:1] != ED25519 or not _NAME.fullmatch(name):
            raise NoteError("a key to verify with is <name>+<8 hex digits>+<base64>")
        made = cls(name, key[1:])
        if made.key_id.hex() != key_id:
            raise NoteError("a key to verify with does not fit the id in it")
        return made

    def signed(self, text: bytes, signature: bytes) -> bool:
        """Say whether this key made the signature."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """A private key under the name of the log. It shows itself to nobody."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not _NAME.fullmatch(name) or len(seed) != 32:
            raise NoteError("a signer has a name without spaces, and 32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"Signer({self.verifier})"

    def line(self, text: bytes) -> str:
        """Return the line that signs the text of a note."""
        signature = base64.b64encode(self.verifier.key_id + self._key.sign(text)).decode()
        return f"\u2014 {self.verifier.name} {signature}\n"


@dataclass(frozen=True)
class Checkpoint:
    """How far a log has come."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return what is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed_by(self, signers: Iterable[Signer]) -> str:
        """Return the note, with a signature of each."""
        text = self.text()
        return text + "\n" + "".join(signer.line(text.encode()) for signer in signers)


def read_checkpoint(
    note: str, known: Sequence[Verifier], *, origin: str | None = None
) -> Checkpoint:
    """Return the checkpoint of a note that at least one known key has signed.

    Signatures of others are passed over; one that names a known key and is not its own spoils the note.

    :raises NoteError: if it is no such note, or of another origin
    """
    text = verified_text(note, known)
    match text.split("\n"):
        case [named, size, root, *_, ""] if _SIZE.fullmatch(size):
            made = Checkpoint(named, int(size), _decoded(root))
        case _:
            raise NoteError("a checkpoint says an origin, a size and a root, a line each")
    if len(made.root) != 32 or not made.origin:
        raise NoteError("a checkpoint says an origin, a size and a root, a line each")
    if origin is not None and made.origin != origin:
        raise NoteError("the checkpoint is of another log")
    return made


def verified_text(note: str, known: Sequence[Verifier]) -> str:
    """Return the text of a note that at least one known key has signed.

    :raises NoteError: if it is no note, or no known key has signed it
    """
    try:
        length = len(note.encode())
    except UnicodeEncodeError:
        raise NoteError("a note holds no half characters") from None
    if length > MAX_BYTES:
        raise NoteError("a note is not that long")
    if any(ord(sign) < 0x20 and sign != "\n" for sign in note):
        raise NoteError("a note has no control characters")
    text, gap, signed = note.rpartition("\n\n")
    lines = signed.split("\n")
    if not gap or not text or lines.pop() != "" or not 0 < len(lines) <= MAX_SIGNATURES:
        raise NoteError("a note is a text, an empty line, and a line a signature")
    text += "\n"
    by_name = {(one.name, one.key_id): one for one in known}
    seen = set()
    for line in lines:
        name, key_id, signature = _signature(line)
        verifier = by_name.get((name, key_id))
        if verifier is None:
            continue
        if not verifier.signed(text.encode(), signature):
            raise NoteError("a signature does not fit the note")
        seen.add((name, key_id))
    if not seen:
        raise NoteError("no known key has signed the note")
    return text


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    signed = _decoded(encoded)
    if dash != "\u2014" or not _NAME.fullmatch(name) or len(signed) < 5:
        raise NoteError("a signature is a line: a dash, a name, and base64")
    return name, signed[:4], signed[4:]


def _decoded(text: str) -> bytes:
    try:
        made = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("that is no base64") from None
    if base64.b64encode(made).decode() != text:  # one spelling only
        raise NoteError("that is no base64")
    return made
