"""Passwords that are forgotten, replaced or changed: each with its record, or not at all."""

import logging
import re
from datetime import datetime
from uuid import UUID

from django.contrib import auth
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables
from django_q.tasks import async_task

from accounts.models import User
from accounts.services import notices, people
from accounts.services.mails import Change
from accounts.services.records import record_deed
from audit import acting, opened
from audit import services as audit
from audit.actions import ANONYMOUS, SYSTEM, Action

logger = logging.getLogger(__name__)

# Who, Django's token in its two parts, and by `sa_` the log knows a secret when it sees one. Without
# a pause in between: a digest by itself would pass for something harmless.
_KEY = re.compile(r"sa_([0-9a-f]{32})k([0-9a-z]{1,13})k([0-9a-f]{32})")


class LinkInvalidError(Exception):
    """The link was used, is too old, or was never ours."""


class _Tokens(PasswordResetTokenGenerator):
    """Django's tokens, which die with the password and the log-ins that they were made for."""

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{user.logins_valid_from}"


_tokens = _Tokens()


@acting.for_nobody()  # somebody else may be logged in there
def ask_for_reset(*, email: str, site: str, at: datetime) -> None:
    """Have a link mailed to the account with this e-mail, if there is one.

    The same is done where there is none, so that the answer takes as long: a record in nobody's
    trail, and a task that mails nothing. `site` is the address under which we were asked.

    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing is mailed
    """
    user = people.find_by_email(email)
    user_id = user.pk if user and user.is_active else None
    with transaction.atomic():
        audit.record(
            action=Action.USER_PASSWORD_RESET_REQUESTED, user_id=user_id, actor=ANONYMOUS, at=at
        )
        # the link is made where it is mailed: no queue holds a key
        async_task(
            "accounts.tasks.mail_reset_link",
            user_id and str(user_id),
            site,
            q_options={"save": False},
        )


def note_mailed(user_id: UUID, *, is_sent: bool, at: datetime) -> None:
    """Record what became of a mail with a link.

    Where it cannot be recorded the log says so: to fail would have it mailed once more.
    """
    try:
        with transaction.atomic():
            audit.record(
                action=Action.USER_PASSWORD_RESET_MAILED,
                user_id=user_id,
                actor=SYSTEM,
                at=at,
                metadata={"outcome": "sent" if is_sent else "failed"},
            )
    except audit.AuditUnavailableError:
        logger.error("What became of a mail with a reset link could not be recorded")


def key_for(user: User) -> str:
    """Return the key of a link with which this person may choose a password, once, for an hour."""
    key = f"sa_{user.pk.hex}k{_tokens.make_token(user).replace('-', 'k')}"
    opened.remember(key)
    return key


def owner_of(key: str) -> User:
    """Return who may choose a new password with this key.

    :raises LinkInvalidError: if nobody may (any more)
    """
    opened.remember(key)
    return _owner_of(key, lock=False)


@sensitive_variables()
@acting.for_nobody()
def reset(key: str, password: str, *, at: datetime) -> User:
    """Return the person who now has this password; all their log-ins ended, and the link with them.

    :raises LinkInvalidError: if the link does not count (any more)
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing changed
    """
    opened.remember(key)
    with transaction.atomic():
        user = _owner_of(key, lock=True)
        _set(user, password, at=at, method="link")
    return user


@sensitive_variables()
def change(request: HttpRequest, user: User, password: str, *, at: datetime) -> None:
    """Give the request's person another password; this session goes on, all others ended.

    It is no log-in: where a code is needed besides the password, none was given.

    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing changed
    """
    with transaction.atomic():
        _set(user, password, at=at, method="session")
        auth.update_session_auth_hash(request, user)
        request.session.save()  # now, in this transaction, not when the answer leaves


@sensitive_variables()
def replace(user_id: UUID, password: str, *, at: datetime) -> None:
    """Give somebody another password, by an operator's hand; all their log-ins ended.

    :raises User.DoesNotExist: if they are gone
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing changed
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user_id)
        _set(user, password, at=at, method="command", actor=SYSTEM)


def _owner_of(key: str, *, lock: bool) -> User:
    parts = _KEY.fullmatch(key)
    if parts is None:
        raise LinkInvalidError
    user_id, token = UUID(hex=parts[1]), f"{parts[2]}-{parts[3]}"
    people_here = User.objects.select_for_update() if lock else User.objects.all()
    user = people_here.filter(pk=user_id, is_local=True, is_active=True).first()
    if user is None or not _tokens.check_token(user, token):
        raise LinkInvalidError
    return user


@sensitive_variables()
def _set(user: User, password: str, *, at: datetime, method: str, actor: str | None = None) -> None:
    record_deed(Action.USER_PASSWORD_CHANGED, user.pk, at=at, method=method, actor=actor)
    user.set_password(password)
    user.logins_valid_from = at
    user.save(update_fields=["password", "logins_valid_from"])
    notices.tell(user.pk, Change.PASSWORD, at=at)
