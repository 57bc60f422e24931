"""Logging in and out: each with its record, or not at all."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User, UserManager
from accounts.services import second_factor
from accounts.services.records import record_deed
from audit import services as audit
from audit.actions import ANONYMOUS, Action
from audit.context import user_id_of

AUTHENTICATED_AT = "authenticated_at"  # in the session: when its person proved who they are
SEEN_AT = "seen_at"  # in the session of staff: when they were last here, to the minute
RECENT = timedelta(minutes=10)
LONGEST_PAUSE_OF_STAFF = timedelta(minutes=30)
SEEN_EVERY = timedelta(minutes=1)


class LogInOvertakenError(Exception):
    """The password was right when it was checked; meanwhile it was changed, or its account went."""


def log_in(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Give the request a fresh session that belongs to this person.

    :raises LogInOvertakenError: if what they proved counts no more
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nobody was logged in
    """
    with transaction.atomic():
        _refuse_if_overtaken(user)
        record_deed(
            Action.USER_LOGGED_IN,
            user.pk,
            at=at,
            method="session",
            second_factor=second_factor.proved_by(request.session, user.pk),
        )
        auth.login(request, user)
        request.session[AUTHENTICATED_AT] = at.isoformat()
        # the cookie lives as long as the browser, so that it can tell of a session that ended
        request.session.set_expiry(0)
        request.session.save()  # now, in this transaction, not when the answer leaves


def log_in_again(
    request: HttpRequest, *, code: second_factor.GoodCode | None = None, at: datetime
) -> None:
    """Let the request's session count from now: its person has just proved again who they are.

    `code` is the one they gave, if they have a second factor; it is used up.

    The session gets a new key. Other tabs share it, and their forms stay valid: only a new person
    needs new CSRF tokens.

    :raises CodeRefusedError: if the code was used meanwhile
    :raises audit.AuditUnavailableError: if it cannot be recorded; then the session stays as it was
    """
    with transaction.atomic():
        if code:
            second_factor.use_up(code, at=at)
        record_deed(
            Action.USER_LOGGED_IN,
            user_id_of(request),
            at=at,
            method="reauthentication",
            second_factor=code.method if code else None,
        )
        request.session.cycle_key()
        if code:
            second_factor.note_proved(request.session, code)
        request.session[AUTHENTICATED_AT] = at.isoformat()
        request.session.save()  # now, in this transaction, not when the answer leaves


def log_in_for_token(
    user: User, *, code: second_factor.GoodCode | None = None, at: datetime
) -> None:
    """Note a log-in that is answered with a token instead of a session; uses up the code given.

    :raises LogInOvertakenError: if what they proved counts no more
    :raises CodeRefusedError: if the code was used meanwhile
    :raises audit.AuditUnavailableError: if it cannot be recorded; then no token may be given
    """
    with transaction.atomic():
        _refuse_if_overtaken(user)
        if code:
            second_factor.use_up(code, at=at)
        record_deed(
            Action.USER_LOGGED_IN,
            user.pk,
            at=at,
            method="jwt",
            second_factor=code.method if code else None,
        )
        user.last_login = at
        user.save(update_fields=["last_login"])


def add_second_factor(request: HttpRequest, *, sealed: str, code: str, at: datetime) -> list[str]:
    """Return the recovery codes of the request's person, who needs codes of an app from now on.

    This session goes on, for the app was proved in it; all others ended.

    :raises CodeRefusedError: if an app with the offered secret does not show this code now
    :raises SecretUnreadableError: if the secret was not offered to this person
    :raises AlreadyOnError: if there is a second factor
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing changes
    """
    user = User.objects.get(pk=user_id_of(request))
    with transaction.atomic():
        good, recovery_codes = second_factor.add(user.pk, sealed=sealed, code=code, at=at)
        user.refresh_from_db()
        auth.update_session_auth_hash(request, user)
        second_factor.note_proved(request.session, good)
        request.session.save()  # now, in this transaction, not when the answer leaves
    return recovery_codes


def note_failed_login(*, email: str, at: datetime) -> None:
    """Record that somebody could not log in: in the trail of the account, if there is one.

    What was typed is not kept.

    :raises audit.AuditUnavailableError: if it cannot be recorded
    """
    known = User.objects.filter(email=UserManager.normalize_email(email), is_local=True)
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
            record_deed(Action.USER_LOGGED_OUT, request.user.pk, at=at)
        auth.logout(request)


def log_out_everywhere(request: HttpRequest, *, at: datetime) -> None:
    """End every log-in of the request's person, on all their devices: sessions and tokens.

    :raises audit.AuditUnavailableError: if it cannot be recorded; then all of them go on
    """
    with transaction.atomic():
        user_id = user_id_of(request)
        record_deed(Action.USER_LOGINS_ENDED, user_id, at=at)
        User.objects.filter(pk=user_id).update(logins_valid_from=at)
        auth.logout(request)


def is_recent(request: HttpRequest, *, at: datetime) -> bool:
    """Return whether whoever has the request's session proved who they are a moment ago.

    Where there is a second factor, the password alone is no proof.
    """
    proved = _moment_in(request, AUTHENTICATED_AT)
    if proved is None or at - proved > RECENT:
        return False
    return not second_factor.is_missing(request.session, user_id_of(request))


def end_if_too_old(request: HttpRequest, *, at: datetime) -> None:
    """End the request's session if its log-in is too old, or its staff was away for too long.

    A session that goes on is saved once a minute at most. What ends by time leaves no record: it
    ended whether or not anybody came to see it.
    """
    began, seen = (_moment_in(request, name) for name in (AUTHENTICATED_AT, SEEN_AT))
    longest = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    if began and at - began > longest:
        auth.logout(request)
        return
    if not request.user.is_staff:
        return
    last = max((one for one in (began, seen) if one), default=at)
    if at - last > LONGEST_PAUSE_OF_STAFF:
        auth.logout(request)
    elif seen is None or at - seen >= SEEN_EVERY:
        request.session[SEEN_AT] = at.isoformat()
        try:
            request.session.save()  # before the view reads it, so that it writes over nothing
        except UpdateError:  # logged out in another tab, this very moment
            auth.logout(request)
        request.session.modified = False


def forget_expired(*, at: datetime) -> int:
    """Return how many sessions of pages were deleted: those whose time is over."""
    return Session.objects.filter(expire_date__lte=at).delete()[0]


def _refuse_if_overtaken(user: User) -> None:
    """Keep the account as it is until the transaction ends; checking a password takes a while.

    :raises LogInOvertakenError: if it has another password by now, is disabled, or is gone
    """
    same = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
    if not same.select_for_update().exists():
        raise LogInOvertakenError


def _moment_in(request: HttpRequest, name: str) -> datetime | None:
    said = request.session.get(name)
    return datetime.fromisoformat(said) if isinstance(said, str) else None
