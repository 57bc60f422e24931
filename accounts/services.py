"""Signing up, logging in and logging out: each with its record, or not at all."""

from datetime import datetime
from uuid import UUID

from django.contrib import auth
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts.models import User, UserManager
from audit import services as audit
from audit.actions import ANONYMOUS, Action, person
from audit.context import user_id_of

AUTHENTICATED_AT = "authenticated_at"  # in the session: when its person proved who they are


class EmailTakenError(Exception):
    """Somebody signed up with this e-mail a moment earlier."""


def sign_up(user: User, *, at: datetime) -> None:
    """Save a new person.

    :raises EmailTakenError: if the e-mail has an account by now
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing was saved
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError:
            raise EmailTakenError from None
        _record(Action.USER_SIGNED_UP, user.pk, at=at)


def log_in(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Give the request a fresh session that belongs to this person.

    :raises audit.AuditUnavailableError: if it cannot be recorded; then nobody was logged in
    """
    with transaction.atomic():
        _record(Action.USER_LOGGED_IN, user.pk, at=at, method="session")
        auth.login(request, user)
        request.session[AUTHENTICATED_AT] = at.isoformat()
        # the cookie lives as long as the browser, so that it can tell of a session that ended
        request.session.set_expiry(0)
        request.session.save()  # now, in this transaction, not when the answer leaves


def log_in_again(request: HttpRequest, *, at: datetime) -> None:
    """Let the request's session count from now: its person has just proved again who they are.

    The session gets a new key. Other tabs share it, and their forms stay valid: only a new person
    needs new CSRF tokens.

    :raises audit.AuditUnavailableError: if it cannot be recorded; then the session stays as it was
    """
    with transaction.atomic():
        _record(Action.USER_LOGGED_IN, user_id_of(request), at=at, method="reauthentication")
        request.session.cycle_key()
        request.session[AUTHENTICATED_AT] = at.isoformat()
        request.session.save()  # now, in this transaction, not when the answer leaves


def log_in_for_token(user: User, *, at: datetime) -> None:
    """Note a log-in that is answered with a token instead of a session.

    :raises audit.AuditUnavailableError: if it cannot be recorded; then no token may be given
    """
    with transaction.atomic():
        _record(Action.USER_LOGGED_IN, user.pk, at=at, method="jwt")
        user.last_login = at
        user.save(update_fields=["last_login"])


def note_failed_login(*, email: str, at: datetime) -> None:
    """Record that somebody could not log in: in the trail of the account, if there is one.

    What was typed is not kept.

    :raises audit.AuditUnavailableError: if it cannot be recorded
    """
    known = User.objects.filter(email=UserManager.normalize_email(email))
    with transaction.atomic():
        audit.record(
            action=Action.USER_LOGIN_FAILED,
            user_id=known.values_list("pk", flat=True).first(),
            actor=ANONYMOUS,
            at=at,
        )


def log_out(request: HttpRequest, *, at: datetime) -> None:
    """End the request's session.

    :raises audit.AuditUnavailableError: if it cannot be recorded; then the session goes on
    """
    with transaction.atomic():
        if request.user.is_authenticated:
            _record(Action.USER_LOGGED_OUT, request.user.pk, at=at)
        auth.logout(request)


def _record(action: Action, user_id: UUID, *, at: datetime, method: str | None = None) -> None:
    audit.record(
        action=action,
        user_id=user_id,
        actor=person(user_id),
        at=at,
        metadata={"method": method} if method else None,
    )
