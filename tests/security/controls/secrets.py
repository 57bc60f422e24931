"""Taking away what keeps saved logins, and the record of them."""

import base64
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from django.db import connection, transaction

from audit import bundles, guards, notes, reading_room
from audit import services as records
from credentials import keyring, resealing, sealing, verification
from credentials import services as saved_logins
from tests.ledger_flush import lift_guards
from tests.security.controls.taking import control, nothing, replaced, same, yes


class _Readable:
    """A cipher's shape without its deed."""

    def __init__(self, key: bytes) -> None:
        pass

    def encrypt(self, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        return text + bytes(sealing.TAG)

    def decrypt(self, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        return text[: -sealing.TAG]


class _NoTag:
    """AES-GCM that believes every tag."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encrypt(self, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        return AESGCM(self._key).encrypt(nonce, text, bound)

    def decrypt(self, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        counter = CTR(nonce + (2).to_bytes(4, "big"))
        return Cipher(AES(self._key), counter).decryptor().update(text[: -sealing.TAG])


class _Any(str):
    """A text that every other one is the same as."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __ne__(self, other: object) -> bool:
        return False


class _AnySpelling(bytes):
    def decode(self, *_: Any, **__: Any) -> str:
        return _Any(super().decode())


@control("encryption")
def _encryption() -> AbstractContextManager[Any]:
    return replaced((sealing, "AESGCM", _Readable))


@control("tag")
def _tag() -> AbstractContextManager[Any]:
    return replaced((sealing, "AESGCM", _NoTag))


@control("place")
def _place() -> AbstractContextManager[Any]:
    prepare = sealing._prepare
    nowhere = sealing.Place(table="t", row_id=UUID(int=0), user_id=UUID(int=0), label="")
    return replaced((sealing, "_prepare", lambda key, _, salt: prepare(key, nowhere, salt)))


@control("commitment")
def _commitment() -> AbstractContextManager[Any]:
    return replaced((sealing, "hmac", SimpleNamespace(compare_digest=yes)))


@control("canonical-spelling")
def _canonical_spelling() -> AbstractContextManager[Any]:
    lenient = SimpleNamespace(
        urlsafe_b64decode=base64.urlsafe_b64decode,
        urlsafe_b64encode=lambda raw: _AnySpelling(base64.urlsafe_b64encode(raw)),
    )
    return replaced((sealing, "base64", lenient))


@control("salt")
def _salt() -> AbstractContextManager[Any]:
    return replaced((sealing, "os", SimpleNamespace(urandom=bytes)))


@control("fingerprint")
def _fingerprint() -> AbstractContextManager[Any]:
    return replaced((verification, "_flaw_by_record", nothing))


@control("resealing")
def _resealing() -> AbstractContextManager[Any]:
    return replaced((resealing, "_moved_to", lambda _, text, __: text))


@control("key-check")
def _key_check() -> AbstractContextManager[Any]:
    def lenient(text: str, other_secrets: Any) -> keyring.Key:
        return keyring.Key(keyring._decode(text) or text.encode())

    return replaced((keyring, "_key", lenient))


@control("recorded-first")
def _recorded_first() -> AbstractContextManager[Any]:
    """Go on where the opening of a login cannot be recorded."""

    def anyway(**told: Any) -> None:
        with suppress(records.AuditUnavailableError), transaction.atomic():
            records.record(**told)

    return replaced((saved_logins, "record", anyway))


@control("durable")
def _durable() -> AbstractContextManager[Any]:
    relaxed = SimpleNamespace(atomic=lambda **_: transaction.atomic())
    return replaced((saved_logins, "transaction", relaxed))


@control("triggers")
@contextmanager
def _triggers() -> Iterator[None]:
    lift_guards(connection)
    try:
        yield
    finally:
        guards.install(connection)


@control("reading-noted")
def _reading_noted() -> AbstractContextManager[Any]:
    return replaced((reading_room.FamilyRoom, "note_reading", nothing))


@control("formula-guard")
def _formula_guard() -> AbstractContextManager[Any]:
    return replaced((bundles, "_harmless", same))


@control("log-signature")
def _log_signature() -> AbstractContextManager[Any]:
    return replaced((notes.Verifier, "signed", yes))
