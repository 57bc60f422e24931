"""Bearer tokens (JSON Web Tokens, RFC 7519): how to read one, and those that we sign ourselves.

Ours are HS256 and nothing else. The key is HKDF-SHA256(SECRET_KEY, no salt, info
`signupassist/local-jwt/1`, 32 bytes), so it is no other key that Django derives, and a new SECRET_KEY
ends every token. Those of other issuers are judged in `accounts.external_tokens`.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass, field
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
MICROS = "auth_micros"  # what `auth_time` lacks: a log-in may follow the end of all others at once


class TokenInvalidError(Exception):
    """The token is no good one; why is nobody's business."""


class TokenExpiredError(Exception):
    """The token was a good one, and its time is over."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a good token says: whose word it is, about whom, and when they proved it."""

    issuer: str
    subject: str
    user_id: uuid.UUID | None  # None: only a look-up tells who the subject is here
    authenticated_at: datetime | None  # None: the issuer does not say
    issued_at: datetime
    expires_at: datetime
    token_id: str = field(repr=False)
    session_id: str | None = field(default=None, repr=False)
    email: str = field(default="", repr=False)

    @property
    def proved_at(self) -> datetime:
        """Return when the person was last known to have logged in, as far as the token tells."""
        return self.authenticated_at or self.issued_at


@dataclass(frozen=True)
class Unverified:
    """What anybody may have written: good for choosing who is to judge the token, and no more."""

    algorithm: Any
    issuer: Any
    header: dict[str, Any] = field(repr=False)


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
        MICROS: at.microsecond,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, _key(), algorithm=ALGORITHM)


def glance(token: str) -> Unverified:
    """Return what a token says of its algorithm and issuer, without believing it.

    :raises TokenInvalidError: if it is too large, or no token in the one way to write it: three
        parts of base64url without padding (RFC 7515, section 7.1)
    """
    if len(token) > LONGEST or not THREE_PARTS.fullmatch(token):
        raise TokenInvalidError
    try:
        said = jwt.decode_complete(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise TokenInvalidError from None
    header, payload = said["header"], said["payload"]
    return Unverified(header.get("alg"), payload.get("iss"), header)


def verify(token: str, *, at: datetime) -> Claims:
    """Return what a token of ours says.

    :raises TokenExpiredError: if it is ours, and too old
    :raises TokenInvalidError: if it is anything else than a good token of ours
    """
    glance(token)
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
    if any(type(said[name]) is not int for name in ("iat", "exp", "auth_time")):
        raise TokenInvalidError
    issued, expires, proved = (moment(said[name]) for name in ("iat", "exp", "auth_time"))
    claims = Claims(
        issuer=NAME,
        subject=said["sub"],
        user_id=canonical_uuid(said["sub"]),
        authenticated_at=proved + _micros(said.get(MICROS, 0)),
        issued_at=issued,
        expires_at=expires,
        token_id=token_id(token, said),
    )
    if max(issued, proved) > at + CLOCK_SKEW:
        raise TokenInvalidError
    if expires <= at:
        raise TokenExpiredError
    return claims


def token_id(token: str, said: dict[str, Any]) -> str:
    """Return what names this very token: its `jti`, else a digest of what its signature covers.

    The signature itself names nothing: whoever has one by ES256 can write a second one.
    """
    given: str | None = said.get("jti")
    return given or hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()


def moment(value: Any) -> datetime:
    """Return a NumericDate (RFC 7519, section 2) as a moment.

    :raises TokenInvalidError: if it is none
    """
    if type(value) not in {int, float}:  # a bool is an int
        raise TokenInvalidError
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise TokenInvalidError from None


def canonical_uuid(value: str) -> uuid.UUID:
    """Return the UUID that is written here in the one usual way.

    :raises TokenInvalidError: if there is none
    """
    try:
        found = uuid.UUID(value)
    except ValueError:
        raise TokenInvalidError from None
    if str(found) != value:
        raise TokenInvalidError
    return found


def _key() -> bytes:
    secret = settings.SECRET_KEY.encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=KEY_INFO).derive(secret)


def _micros(value: Any) -> timedelta:
    if type(value) is not int or not 0 <= value < 1_000_000:
        raise TokenInvalidError
    return timedelta(microseconds=value)
