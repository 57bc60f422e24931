"""Judging the bearer tokens of other issuers: Supabase's, and those of any OpenID provider.

The header's algorithm and the issuer that a token names choose its lane; from there on the lane's
own key, audience and algorithm are what counts. Keys that a token brings along (`jwk`, `jku`, `x5u`,
`x5c`) are never looked at (RFC 8725).
"""

from datetime import datetime
from typing import Any

import jwt
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts import jwks, lanes, tokens
from accounts.lanes import Lane
from accounts.tokens import CLOCK_SKEW, Claims, TokenExpiredError, TokenInvalidError, moment

REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
TYPES = {"jwt", "at+jwt"}  # others are made for something else (RFC 8725, section 3.11)
LONGEST_SUBJECT = 255  # OpenID Connect Core, section 2
LONGEST_EMAIL = 254  # as long as the column
NO_PROOF = ("token_refresh", "anonymous")  # Supabase's words for what proves nothing


class TokenNotForPeopleError(Exception):
    """The token is good, and not one of a person who logged in: a service's, or a nobody's."""


def verify(token: str, seen: tokens.Unverified, *, at: datetime) -> Claims:
    """Return what a token of another issuer says (`seen`: at a glance).

    :raises TokenExpiredError: if it is good, and too old
    :raises TokenInvalidError: if it is no good token of an issuer that we know
    :raises TokenNotForPeopleError: if it is good, but of a role that no person has
    :raises jwks.KeysUnavailableError: if its issuer's keys cannot be had
    """
    lane = lanes.choose(settings.AUTH_LANES, algorithm=seen.algorithm, issuer=seen.issuer)
    if lane is None or not _is_access_token(seen.header):
        raise TokenInvalidError
    try:
        key, algorithm = _key(lane, seen)
        said = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=lane.audience,
            issuer=lane.issuer,
            options={
                "require": REQUIRED,
                "enforce_minimum_key_length": True,
                # times are judged below, by the caller's clock
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, jwks.UnknownKeyError):
        raise TokenInvalidError from None
    return _judge(lane, said, token=token, at=at)


def _key(lane: Lane, seen: tokens.Unverified) -> tuple[jwt.PyJWK | str, str]:
    """Return the key for this token, and the only algorithm that it may be used with."""
    if lane.secret is not None:
        return lane.secret, seen.algorithm
    found = jwks.key_set(lane.jwks_url or "").find(seen.header.get("kid"), seen.algorithm)
    return found, found.algorithm_name


def _judge(lane: Lane, said: dict[str, Any], *, token: str, at: datetime) -> Claims:
    """Return the claims of a well-signed token, once all that the library does not judge is judged."""
    subject = said["sub"]
    if not isinstance(said["iss"], str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise TokenInvalidError
    if not (subject.isascii() and subject.isprintable()):
        raise TokenInvalidError
    session = said.get("session_id") or said.get("sid")
    claims = Claims(
        issuer=lane.name,
        subject=subject,
        user_id=tokens.canonical_uuid(subject) if lane.is_supabase else None,
        authenticated_at=_authenticated_at(said),
        issued_at=moment(said["iat"]),
        expires_at=moment(said["exp"]),
        token_id=tokens.token_id(token, said),
        session_id=session if isinstance(session, str) else None,
        email=_email(lane, said),
    )
    begins = moment(said["nbf"]) if said.get("nbf") is not None else claims.issued_at
    if max(begins, claims.issued_at, claims.proved_at) > at + CLOCK_SKEW:
        raise TokenInvalidError
    if lane.is_supabase and not _is_person(said):
        raise TokenNotForPeopleError
    if claims.expires_at + CLOCK_SKEW <= at:
        raise TokenExpiredError
    return claims


def _is_access_token(header: dict[str, Any]) -> bool:
    """Return whether this may be shown to us, by its type if it names one."""
    kind = header.get("typ", "jwt")
    return isinstance(kind, str) and kind.lower().removeprefix("application/") in TYPES


def _is_person(said: dict[str, Any]) -> bool:
    """Return whether Supabase speaks of somebody who logged in: no service, no anonymous user."""
    return said.get("role") == lanes.AUTHENTICATED and said.get("is_anonymous") in (None, False)


def _authenticated_at(said: dict[str, Any]) -> datetime | None:
    """Return when the person last proved who they are: Supabase's `amr`, else `auth_time`.

    `iat` tells nothing of it: a token can be renewed for weeks without anybody being there.
    """
    methods = said.get("amr")
    entries = methods if isinstance(methods, list) else []
    proofs = [
        moment(one["timestamp"])
        for one in entries
        if isinstance(one, dict) and "timestamp" in one and one.get("method") not in NO_PROOF
    ]
    if proofs:
        return max(proofs)
    return moment(said["auth_time"]) if said.get("auth_time") is not None else None


def _email(lane: Lane, said: dict[str, Any]) -> str:
    """Return an address to write to, if its issuer vouches for it; Supabase's tokens need not say."""
    address = said.get("email")
    if not isinstance(address, str) or len(address) > LONGEST_EMAIL:
        return ""
    if said.get("email_verified", lane.is_supabase) is not True:
        return ""
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address
