"""Known vectors…"""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from credentials.keyring import Key, KeyRing
from credentials.sealing import Place, SealError, UnknownKeyError, seal, unseal
from tests.credentials import by_hand

pytestmark = pytest.mark.once

Vector = dict[str, Any]
FOLDER = Path(__file__).parent.parent / "vectors"
OURS: dict[str, list[Vector]] = json.loads((FOLDER / "sa1.json").read_text())
SEALED, REFUSED = OURS["vectors"], OURS["refused"]
PLACE = ("table", "row_id", "user_id", "label")


def wycheproof(name: str, **group: int) -> list[Vector]:
    """Return the vectors of the groups that have these sizes."""
    told = json.loads((FOLDER / "wycheproof" / name).read_text())
    groups = [one for one in told["testGroups"] if group.items() <= one.items()]
    return [vector for one in groups for vector in one["tests"]]


GCM = wycheproof("aes_gcm_test.json", keySize=256, ivSize=96, tagSize=128)
HKDF_SHA512 = wycheproof("hkdf_sha512_test.json")


def place_of(vector: Vector) -> Place:
    return Place(
        table=vector["table"],
        row_id=UUID(vector["row_id"]),
        user_id=UUID(vector["user_id"]),
        label=vector["label"],
    )


@pytest.mark.parametrize("vector", SEALED, ids=lambda vector: vector["name"])
def test_are_what_sealing_gives_and_opening_takes(
    vector: Vector, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = Key(bytes.fromhex(vector["key"])), bytes.fromhex(vector["secret"])
    monkeypatch.setattr(os, "urandom", lambda _: bytes.fromhex(vector["salt"]))

    text = seal(secret, key=key, place=place_of(vector))

    assert (key.id, text) == (vector["key_id"], vector["sealed"])
    assert unseal(vector["sealed"], ring=KeyRing((key,)), place=place_of(vector)) == secret


@pytest.mark.parametrize("vector", SEALED, ids=lambda vector: vector["name"])
def test_are_computed_by_hand_from_the_description(vector: Vector) -> None:
    padded = by_hand.padded(bytes.fromhex(vector["secret"]))
    place = {name: vector[name] for name in PLACE}

    text = by_hand.seal(padded, key=vector["key"], salt=vector["salt"], **place)

    assert text == vector["sealed"]


@pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: vector["name"])
def test_that_must_not_open_are_stopped_where_they_say(vector: Vector) -> None:
    ring, place = KeyRing((Key(bytes.fromhex(SEALED[0]["key"])),)), place_of(SEALED[0])

    with pytest.raises(SealError) as refused:
        unseal(vector["sealed"], ring=ring, place=place)

    is_key_missing = isinstance(refused.value, UnknownKeyError)
    assert ("key" if is_key_missing else str(refused.value)) == vector["stopped_by"]


def test_that_must_not_open_name_every_check() -> None:
    assert {one["stopped_by"] for one in REFUSED} == {"form", "key", "commitment", "tag", "padding"}


@pytest.mark.parametrize("vector", GCM, ids=lambda vector: f"tc{vector['tcId']}")
def test_of_wycheproof_hold_for_aes_gcm_as_it_is_used(vector: Vector) -> None:
    key, nonce, bound, text, sealed = (
        bytes.fromhex(vector[name]) for name in ("key", "iv", "aad", "msg", "ct")
    )
    sealed += bytes.fromhex(vector["tag"])
    cipher = AESGCM(key)

    if vector["result"] == "valid":
        assert cipher.encrypt(nonce, text, bound) == sealed
        assert cipher.decrypt(nonce, sealed, bound) == text
    else:
        with pytest.raises(InvalidTag):
            cipher.decrypt(nonce, sealed, bound)


@pytest.mark.parametrize("vector", HKDF_SHA512, ids=lambda vector: f"tc{vector['tcId']}")
def test_of_wycheproof_hold_for_hkdf_as_it_is_used(vector: Vector) -> None:
    key, salt, info = (bytes.fromhex(vector[name]) for name in ("ikm", "salt", "info"))

    if vector["result"] == "valid":
        derived = HKDF(SHA512(), vector["size"], salt, info).derive(key)
        assert derived.hex() == vector["okm"]
    else:
        with pytest.raises(ValueError, match="larger than"):
            HKDF(SHA512(), vector["size"], salt, info)


def test_of_wycheproof_are_all_run() -> None:
    assert (len(GCM), len(HKDF_SHA512)) == (66, 83)
    assert {vector["result"] for vector in GCM} == {"valid", "invalid"}
    assert {vector["result"] for vector in HKDF_SHA512} == {"valid", "invalid"}


def test_of_wycheproof_are_the_files_that_were_published() -> None:
    said = dict(
        re.findall(
            r"`(\w+\.json)` .* `([0-9a-f]{64})`", (FOLDER / "wycheproof/README.md").read_text()
        )
    )
    files = list((FOLDER / "wycheproof").glob("*.json"))

    assert said == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
