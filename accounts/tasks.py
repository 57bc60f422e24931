"""What the worker does for accounts."""

from datetime import datetime
from uuid import UUID

from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import mails, passwords
from audit import opened


class MailNotSentError(Exception):
    """The mail server did not take it; the task comes again."""


def mail_reset_link(user_id: str | None, site: str) -> None:
    """Mail a person a link to choose a new password; nobody, and nothing where they have none here.

    :raises MailNotSentError: by the kind of what went wrong: its words may hold the address
    """
    user = _local(user_id) if user_id else None
    if user is None:
        return
    with opened.forgetting():
        failure: MailNotSentError | None = None
        path = reverse("account_reset_password_from_key", args=[passwords.key_for(user)])
        failure = _failure_of(mails.reset_mail(user.email, site + path))
    passwords.note_mailed(user.pk, is_sent=failure is None, at=timezone.now())
    if failure:
        raise failure


def mail_change(user_id: str, change: str, at: str) -> None:
    """Mail a person that how they log in was changed; nobody, where they have no account any more.

    :raises MailNotSentError: by the kind of what went wrong: its words may hold the address
    """
    user = _local(user_id)
    if user is None:
        return
    failure = _failure_of(
        mails.change_mail(user.email, mails.Change(change), at=datetime.fromisoformat(at))
    )
    if failure:
        raise failure


def _local(user_id: str) -> User | None:
    """Return the person with this id, if they log in here."""
    return User.objects.filter(pk=UUID(user_id), is_local=True, is_active=True).first()


def _failure_of(mail: EmailMessage) -> MailNotSentError | None:
    """Send a mail, and return what went wrong: raised here, it would tell its cause as well."""
    try:
        mail.send()
    except (OSError, ValueError) as error:  # among them every error of SMTP, and odd addresses
        return MailNotSentError(type(error).__name__)
    return None
