"""Our own bearer tokens: JSON Web Tokens that this service signs, and that nobody else can.

HS256 and nothing else. The key is HKDF-SHA256(SECRET_KEY, no salt, info `signupassist/local-jwt/1`,
32 bytes), so it is no other key that Django derives, and a new SECRET_KEY ends every token.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

ALGORITHM = "HS256"
NAME = "signupassist"  # who issues, and for whom
KEY_INFO = b"signupassist/local-jwt/1"
LIFETIME = timedelta(hours=1)
CLOCK_SKEW = timedelta(seconds=30)  # machines that share a SECRET_KEY need not share a clock
LONGEST = 8 * 1024
REQUIRED = ["exp", "iat", "iss", "aud", "sub", "auth_time"]
THREE_PARTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class TokenInvalidError(Exception):
    """The token is not one of ours; why is nobody's business."""


class TokenExpiredError(Exception):
    """The token was one of ours, and its hour is over."""


@dataclass(frozen=True)
class Claims:
    """What a good token says: who, and when they proved it."""

    user_id: uuid.UUID
    authenticated_at: datetime


def issue(user_id: uuid.UUID, *, at: datetime) -> str:
    """Return a token for somebody who has just proved who they are; it is good for an hour."""
    now = int(at.timestamp())
    claims = {
        "iss": NAME,
        "aud": NAME,
        "sub": str(user_id),
        "iat": now,
        "exp": now + int(LIFETIME.total_seconds()),
        "auth_time": now,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, _key(), algorithm=ALGORITHM)


def verify(token: str, *, at: datetime) -> Claims:
    """Return what a token of ours says.

    :raises TokenExpiredError: if it is ours, and too old
    :raises TokenInvalidError: if it is anything else than a good token of ours
    """
    if len(token) > LONGEST or not THREE_PARTS.fullmatch(token):
        raise TokenInvalidError
    try:
        said = jwt.decode(
            token,
            _key(),
            algorithms=[ALGORITHM],
            audience=NAME,
            issuer=NAME,
            options={
                "require": REQUIRED,
                "strict_aud": True,
                # times are judged below, by the caller's clock
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidTokenError:
        raise TokenInvalidError from None
    issued, expires, proved = (_moment(said[name]) for name in ("iat", "exp", "auth_time"))
    claims = Claims(user_id=_uuid(said["sub"]), authenticated_at=proved)
    if max(issued, proved) > at + CLOCK_SKEW:
        raise TokenInvalidError
    if expires <= at:
        raise TokenExpiredError
    return claims


def _key() -> bytes:
    secret = settings.SECRET_KEY.encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=KEY_INFO).derive(secret)


def _moment(value: Any) -> datetime:
    if type(value) is not int:  # a bool is an int, and a float is no date of ours
        raise TokenInvalidError
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise TokenInvalidError from None


def _uuid(value: str) -> uuid.UUID:
    try:
        found = uuid.UUID(value)
    except ValueError:
        raise TokenInvalidError from None
    if str(found) != value:
        raise TokenInvalidError
    return found
