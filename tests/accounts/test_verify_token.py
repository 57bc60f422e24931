"""Verifying a bearer token…"""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from accounts import tokens

pytestmark = pytest.mark.once

WHO = uuid.UUID("6b1f6c7e-2f0e-4c0e-9d0e-0d1f4a3c2b1a")
HOUR = timedelta(hours=1)


def documented_key(secret: str = settings.SECRET_KEY) -> bytes:
    """Return the key, derived as the documentation of `accounts.tokens` says."""
    kdf = HKDF(hashes.SHA256(), length=32, salt=None, info=b"signupassist/local-jwt/1")
    return kdf.derive(secret.encode())


def claims(at: datetime, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good token; a change to None leaves one out."""
    now = int(at.timestamp())
    good = {
        "iss": "signupassist",
        "aud": "signupassist",
        "sub": str(WHO),
        "iat": now,
        "exp": now + 3600,
        "auth_time": now,
        "jti": "x",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(at: datetime, **changes: Any) -> str:
    """Return a token that is signed as ours are, whatever it says."""
    return by_hand({"alg": "HS256", "typ": "JWT"}, claims(at, **changes), documented_key())


def part(value: Any) -> str:
    """Return one part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(header: Any, payload: Any, key: bytes, digest: str = "sha256") -> str:
    """Return a token that no library would make."""
    head = f"{part(header)}.{part(payload)}"
    return f"{head}.{part(hmac.digest(key, head.encode(), digest))}"


def test_tells_who_and_when(noon: datetime) -> None:
    proved = noon + timedelta(microseconds=123_456)

    found = tokens.verify(tokens.issue(WHO, at=proved), at=noon + timedelta(minutes=59))

    assert (found.user_id, found.authenticated_at) == (WHO, proved)
    assert (found.issued_at, found.expires_at) == (noon, noon + HOUR)


def test_reads_tokens_made_as_documented(noon: datetime) -> None:
    assert tokens.verify(signed(noon), at=noon).user_id == WHO
    said = jwt.decode(
        tokens.issue(WHO, at=noon),
        documented_key(),
        algorithms=["HS256"],
        audience="signupassist",
        issuer="signupassist",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert said["exp"] - said["iat"] == 3600
    assert said["auth_time"] == said["iat"] == int(noon.timestamp())


def test_refuses_one_from_its_last_second_on(noon: datetime) -> None:
    token = tokens.issue(WHO, at=noon)

    tokens.verify(token, at=noon + HOUR - timedelta(seconds=1))
    with pytest.raises(tokens.TokenExpiredError):
        tokens.verify(token, at=noon + HOUR)


def test_calls_a_foreign_token_invalid_even_when_it_is_old(noon: datetime) -> None:
    old = jwt.encode(claims(noon - 2 * HOUR), b"x" * 32, algorithm="HS256")

    with pytest.raises(tokens.TokenInvalidError):
        tokens.verify(old, at=noon)


@pytest.mark.parametrize("name", ["exp", "iat", "iss", "aud", "sub", "auth_time"])
def test_refuses_one_without_a_claim(noon: datetime, name: str) -> None:
    with pytest.raises(tokens.TokenInvalidError):
        tokens.verify(signed(noon, **{name: None}), at=noon)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://accounts.example.org"},
        {"iss": ["signupassist"]},
        {"aud": "another"},
        {"aud": ["signupassist", "another"]},
        {"sub": "pat@example.com"},
        {"sub": WHO.hex},
        {"sub": f"{{{WHO}}}"},
        {"sub": str(WHO).upper()},
        {"sub": 7},
        {"exp": "9999999999"},
        {"exp": 9e9},
        {"exp": True},
        {"exp": 10**30},
        {"exp": -(10**30)},
        {"iat": "now"},
        {"auth_time": {}},
        {"auth_time": False},
        {"auth_time": 1.5},
        {"auth_micros": 1_000_000},
        {"auth_micros": -1},
        {"auth_micros": 0.5},
    ],
    ids=str,
)
def test_refuses_one_that_says_the_wrong_thing(noon: datetime, changes: dict[str, Any]) -> None:
    with pytest.raises(tokens.TokenInvalidError):
        tokens.verify(signed(noon, **changes), at=noon)


@pytest.mark.parametrize("name", ["iat", "auth_time"])
def test_refuses_one_from_the_future(noon: datetime, name: str) -> None:
    soon, later = (int((noon + timedelta(seconds=s)).timestamp()) for s in (30, 31))

    assert tokens.verify(signed(noon, **{name: soon}), at=noon)
    with pytest.raises(tokens.TokenInvalidError):
        tokens.verify(signed(noon, **{name: later}), at=noon)


def test_refuses_unsigned_ones(noon: datetime) -> None:
    for alg in ("none", "None", "NONE", "nOnE"):
        head = f"{part({'alg': alg, 'typ': 'JWT'})}.{part(claims(noon))}"
        for signature in ("", part(b"x" * 32)):
            with pytest.raises(tokens.TokenInvalidError):
                tokens.verify(f"{head}.{signature}", at=noon)


@pytest.mark.parametrize(
    ("alg", "digest"), [("HS384", "sha384"), ("HS512", "sha512"), ("hs256", "sha256")]
)
def test_refuses_another_algorithm_with_our_key(noon: datetime, alg: str, digest: str) -> None:
    with pytest.raises(tokens.TokenInvalidError):
        tokens.verify(by_hand({"alg": alg}, claims(noon), documented_key(), digest), at=noon)


def test_refuses_rsa_and_its_confusion_with_hmac(noon: datetime) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    rs256 = jwt.encode(claims(noon), key, algorithm="RS256")
    confused = by_hand({"alg": "HS256", "typ": "JWT"}, claims(noon), public)
    relabelled = f"{part({'alg': 'HS256'})}.{rs256.split('.', 1)[1]}"

    for token in (rs256, confused, relabelled):
        with pytest.raises(tokens.TokenInvalidError):
            tokens.verify(token, at=noon)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"secret",
        settings.SECRET_KEY.encode(),
        hashlib.sha256(settings.SECRET_KEY.encode()).digest(),
        documented_key("another secret key of another service"),
    ],
)
def test_refuses_another_key(noon: datetime, key: bytes) -> None:
    with pytest.raises(tokens.TokenInvalidError):
        tokens.verify(by_hand({"alg": "HS256", "typ": "JWT"}, claims(noon), key), at=noon)


def test_takes_no_key_from_the_token(noon: datetime) -> None:
    key = b"k" * 32
    jwk = {"kty": "oct", "k": part(key), "alg": "HS256"}
    for header in ({"jwk": jwk}, {"kid": "../../../dev/null"}, {"jku": "http://127.0.0.1:1/"}):
        token = by_hand({"alg": "HS256", **header}, claims(noon), key)
        with pytest.raises(tokens.TokenInvalidError):
            tokens.verify(token, at=noon)


def test_refuses_large_ones_before_reading_them(
    noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwt, "decode", lambda *_, **__: pytest.fail("it was read"))

    for size in (8 * 1024, 200_000):
        with pytest.raises(tokens.TokenInvalidError):
            tokens.verify(signed(noon, jti="x" * size), at=noon)


def test_reads_one_of_nearly_eight_kilobytes(noon: datetime) -> None:
    assert tokens.verify(signed(noon, jti="x" * 5_500), at=noon).user_id == WHO


def test_refuses_every_other_way_to_write_a_good_one(noon: datetime) -> None:
    good = signed(noon)
    head, payload, signature = good.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twins = [good[:-1] + letter for letter in alphabet if letter != good[-1]]
    padded = [f"{good}=", f"{good}==", f"{head}=.{payload}.{signature}", f"{good}\n", f" {good}"]
    mangled = [
        f"{good}.",
        f".{good}",
        good.replace(".", ".\n", 1),
        f"{good}.{signature}",
        good[:-1],
    ]

    for token in [*twins, *padded, *mangled]:
        with pytest.raises(tokens.TokenInvalidError):
            tokens.verify(token, at=noon)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "not a token",
        "\x00.\x00.\x00",
        "é.é.é",
        f"{part(b'[' * 4_000)}.{part({})}.AAAA",
        f"{part({'alg': 'HS256'})}.{part(b'[' * 4_000)}.AAAA",
        f"{part([])}.{part({})}.AAAA",
        f"{part({'alg': ['HS256']})}.{part({})}.AAAA",
        f"{part({'alg': 'HS256', 'crit': ['exp']})}.{part({})}.AAAA",
    ],
    ids=range(12),
)
def test_refuses_what_is_no_token(noon: datetime, token: str) -> None:
    with pytest.raises(tokens.TokenInvalidError):
        tokens.verify(token, at=noon)


@pytest.mark.parametrize("payload", [[], "text", 7, None, b"[" * 3_000, b'{"exp": ' + b"9" * 5_000])
def test_refuses_a_well_signed_payload_that_is_no_set_of_claims(
    noon: datetime, payload: Any
) -> None:
    with pytest.raises(tokens.TokenInvalidError):
        tokens.verify(by_hand({"alg": "HS256"}, payload, documented_key()), at=noon)
