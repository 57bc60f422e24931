"""How people come to have an account."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from accounts.models import User, UserManager
from accounts.services.records import record_deed
from audit import services as audit
from audit.actions import SYSTEM, Action


class EmailTakenError(Exception):
    """Somebody signed up with this e-mail a moment earlier."""


def sign_up(user: User, *, at: datetime) -> None:
    """Save a new person.

    :raises EmailTakenError: if the e-mail has an account by now
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing was saved
    """
    with transaction.atomic():
        _add(user)
        record_deed(Action.USER_SIGNED_UP, user.pk, at=at)


@sensitive_variables()
def create_superuser(*, email: str, password: str | None, at: datetime) -> None:
    """Save a new person with every right, by an operator's hand; without a password they cannot log in.

    :raises EmailTakenError: if the e-mail has an account
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing was saved
    """
    user = User(email=email, is_staff=True, is_superuser=True, date_joined=at)
    user.set_password(password)
    with transaction.atomic():
        _add(user)
        record_deed(Action.USER_SIGNED_UP, user.pk, at=at, method="command", actor=SYSTEM)
        audit.record(
            action=Action.STAFF_ROLE_GRANTED,
            user_id=user.pk,
            actor=SYSTEM,
            at=at,
            metadata={"role": "superuser"},
        )


def find_by_email(email: str) -> User | None:
    """Return who logs in here with this e-mail; whoever logs in elsewhere may well have the same."""
    return User.objects.filter(email=UserManager.normalize_email(email), is_local=True).first()


def _add(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise EmailTakenError from None
