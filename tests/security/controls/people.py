"""Taking away what tells who is asking, and what is theirs."""

from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.middleware.csrf import CsrfViewMiddleware
from django.test import override_settings
from jwt.algorithms import HMACAlgorithm

from accounts import adapter, console, external_tokens, jwks, lanes, limits, tokens
from accounts import authentication as api_doors
from accounts.models import User
from accounts.services import endings, identities, logins, passwords, second_factor
from audit import strict
from credentials import services as saved_logins
from credentials import views
from credentials.models import StoredCredentialQuerySet
from orchestrator.models import SubmissionQuerySet
from orchestrator.services import leaving
from sessions_store.models import SessionQuerySet
from tests import suite
from tests.security import test_believe_only_our_pages as pages
from tests.security.controls.taking import control, nothing, replaced, yes


@control("owner")
def _owner() -> AbstractContextManager[Any]:
    """Let everybody reach everybody's logins, signups and registrations."""

    def everything(rows: QuerySet[Any], user_id: UUID) -> QuerySet[Any]:
        return rows.all()

    owned = (StoredCredentialQuerySet, SessionQuerySet, SubmissionQuerySet)
    return replaced(*((kind, "for_user", everything) for kind in owned))


@control("known-fields")
def _known_fields() -> AbstractContextManager[Any]:
    return replaced((strict.StrictSerializer, "_unknown", lambda *_: {}))


@control("reveal-budget")
def _reveal_budget() -> AbstractContextManager[Any]:
    return replaced((saved_logins, "_has_a_reveal_left", yes))


@control("recent-login")
def _recent_login() -> AbstractContextManager[Any]:
    return replaced((views, "must_be_recent", nothing))


@control("leaving-waits")
def _leaving_waits() -> AbstractContextManager[Any]:
    return replaced((leaving, "UNCLEAR", ()))


def _decoding(**relaxed: Any) -> AbstractContextManager[Any]:
    """Let the library believe more than it should of other issuers' tokens."""
    decode = jwt.decode

    def believing(token: str, key: Any, *, options: Any, **how: Any) -> Any:
        return decode(token, key, **how | {"options": options | relaxed})

    lenient = SimpleNamespace(decode=believing, PyJWTError=jwt.PyJWTError, PyJWK=jwt.PyJWK)
    return replaced((external_tokens, "jwt", lenient))


@control("signature")
def _signature() -> AbstractContextManager[Any]:
    return _decoding(verify_signature=False)


@control("audience")
def _audience() -> AbstractContextManager[Any]:
    return _decoding(verify_aud=False)


@control("required-claims")
def _required_claims() -> AbstractContextManager[Any]:
    return _decoding(require=[])


@control("role")
def _role() -> AbstractContextManager[Any]:
    return replaced((external_tokens, "_is_person", yes))


@control("lanes")
def _lanes() -> AbstractContextManager[Any]:
    """Let a public key be used as a secret; PyJWT would refuse that once more."""

    def any_lane(among: Any, *, algorithm: Any, issuer: Any) -> lanes.Lane | None:
        return next((lane for lane in among if lane.jwks_url), None)

    def as_secret(lane: lanes.Lane, seen: tokens.Unverified) -> tuple[Any, Any]:
        [key] = jwks.key_set(lane.jwks_url or "")._current().keys
        return key.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), seen.algorithm

    return replaced(
        (lanes, "choose", any_lane),
        (external_tokens, "_key", as_secret),
        (HMACAlgorithm, "prepare_key", lambda _, key: key),
    )


@control("token-size")
def _token_size() -> AbstractContextManager[Any]:
    return replaced((tokens, "LONGEST", 10**9))


@control("kid-pause")
def _kid_pause() -> AbstractContextManager[Any]:
    return replaced((jwks, "UNKNOWN_PAUSE_SECONDS", 0.0))


@control("stale-keys")
def _stale_keys() -> AbstractContextManager[Any]:
    return replaced((jwks, "OUTAGE_SECONDS", jwks.FRESH_SECONDS))


@control("issuer-and-subject")
def _issuer_and_subject() -> AbstractContextManager[Any]:
    """Find people by the e-mail that a token claims."""

    def by_email(claims: tokens.Claims) -> User | None:
        return User.objects.filter(email=claims.email).first()

    return replaced((identities, "_find", by_email))


@control("endings")
def _endings() -> AbstractContextManager[Any]:
    return replaced((endings, "has_ended", lambda _: False))


@control("new-session-key")
def _new_session_key() -> AbstractContextManager[Any]:
    return replaced((SessionBase, "cycle_key", nothing))


@control("host-cookies")
def _host_cookies() -> AbstractContextManager[Any]:
    """Start production as if it were development: cookies without their prefix and flags."""
    production = suite.environment
    return replaced((pages, "environment", lambda home: production(home) | {"DEBUG": "true"}))


@control("session-age")
def _session_age() -> AbstractContextManager[Any]:
    return replaced((logins, "end_if_too_old", nothing))


@control("csrf")
def _csrf() -> AbstractContextManager[Any]:
    return replaced(
        (api_doors.SessionAuthentication, "enforce_csrf", nothing),
        (CsrfViewMiddleware, "process_view", nothing),
    )


@control("failure-limits")
def _failure_limits() -> AbstractContextManager[Any]:
    return override_settings(ACCOUNT_RATE_LIMITS=False)


@control("request-limits")
def _request_limits() -> AbstractContextManager[Any]:
    return replaced((limits, "seconds_to_wait", lambda *_, **__: 0))


@control("staff-second-factor")
def _staff_second_factor() -> AbstractContextManager[Any]:
    return replaced((console, "proved_second_factor", yes))


@control("code-in-session")
def _code_in_session() -> AbstractContextManager[Any]:
    """Let the password alone prove who somebody is, also where a code is asked for."""
    return replaced((second_factor, "is_missing", lambda *_: False))


@control("code-once")
def _code_once() -> AbstractContextManager[Any]:
    return replaced((second_factor, "use_up", nothing))


@control("safe-next")
def _safe_next() -> AbstractContextManager[Any]:
    return replaced((adapter.AccountAdapter, "is_safe_url", yes))


@control("logins-valid-from")
def _logins_valid_from() -> AbstractContextManager[Any]:
    """Forget that all log-ins of somebody were ended."""
    never = property(lambda _: None, nothing)
    return replaced((User, "logins_valid_from", never))


@control("link-once")
def _link_once() -> AbstractContextManager[Any]:
    def of_the_person(_: Any, user: User, timestamp: int) -> str:
        return f"{user.pk}{timestamp}"

    return replaced((passwords._Tokens, "_make_hash_value", of_the_person))


@control("roles")
def _roles() -> AbstractContextManager[Any]:
    """Let all of the staff do whatever the admin offers."""
    return replaced((User, "has_perm", lambda user, *_: user.is_staff))
