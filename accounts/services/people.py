"""How people come to have an account."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User, UserManager
from accounts.services.records import record_deed
from audit.actions import Action


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
        record_deed(Action.USER_SIGNED_UP, user.pk, at=at)


def find_by_email(email: str) -> User | None:
    """Return who logs in here with this e-mail; whoever logs in elsewhere may well have the same."""
    return User.objects.filter(email=UserManager.normalize_email(email), is_local=True).first()
