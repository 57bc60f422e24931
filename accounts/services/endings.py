"""Ending what was begun with a token: the token is still signed well, and counts no more."""

import hashlib
import json
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import EndedLogin
from accounts.services.records import record_deed
from accounts.tokens import CLOCK_SKEW, Claims
from audit.actions import Action

# An issuer renews tokens for as long as it keeps its own session: by then, nobody renews any more.
KEPT = timedelta(days=90)
FORGOTTEN_AT_ONCE = 100


class LoginEndedError(Exception):
    """The log-in was good once, and was ended: the person, their session, or this token."""


def end_token(claims: Claims, user_id: UUID, *, at: datetime) -> None:
    """Log a person out who came with a token: refuse it from now on, and its issuer's session.

    :raises audit.AuditUnavailableError: if it cannot be recorded; then it counts as before
    """
    ends = {_token_key(claims): claims.expires_at + 2 * CLOCK_SKEW}
    if session_key := _session_key(claims):
        ends[session_key] = at + KEPT
    with transaction.atomic():
        record_deed(Action.USER_LOGGED_OUT, user_id, at=at, method="jwt")
        _end(ends, at=at)


def end_subject(*, issuer: str, subject: str, at: datetime) -> None:
    """Refuse whatever an issuer's subject proved until now; who logs in anew begins anew.

    For somebody who deletes their account. Belongs into the caller's transaction, with its record.
    """
    _end({_subject_key(issuer, subject): at + KEPT}, at=at)


def has_ended(claims: Claims) -> bool:
    """Return whether the token, its session or its person's account was ended (one query)."""
    token, session = _token_key(claims), _session_key(claims)
    subject = _subject_key(claims.issuer, claims.subject)
    asked = [key for key in (token, session, subject) if key]
    ended = dict(EndedLogin.objects.filter(pk__in=asked).values_list("key", "ended_at"))
    if token in ended:
        return True
    # a renewed token is younger than the end of what it belongs to; only a new log-in counts
    ends = [ended[key] for key in (session, subject) if key in ended]
    proved = claims.authenticated_at
    return bool(ends) and (proved is None or proved <= max(ends))


def _end(ends: dict[str, datetime], *, at: datetime) -> None:
    """Write these keys, each with the moment at which it may be forgotten, and forget old ones."""
    EndedLogin.objects.bulk_create(
        [EndedLogin(key=key, ended_at=at, forget_at=forget) for key, forget in ends.items()],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["ended_at", "forget_at"],
    )
    # others who do the same just now take other rows, instead of waiting for each other in a circle
    old = EndedLogin.objects.select_for_update(skip_locked=True).filter(forget_at__lte=at)
    gone = list(old.order_by("forget_at").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    EndedLogin.objects.filter(pk__in=gone).delete()


def _token_key(claims: Claims) -> str:
    return _digest("token", claims.issuer, claims.token_id)


def _session_key(claims: Claims) -> str | None:
    return _digest("session", claims.issuer, claims.session_id) if claims.session_id else None


def _subject_key(issuer: str, subject: str) -> str:
    return _digest("subject", issuer, subject)


def _digest(*words: str) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()
