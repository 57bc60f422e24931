"""What the worker does for accounts."""

from uuid import UUID

from django.urls import reverse

from accounts.models import User
from accounts.services import mails, passwords
from audit import opened


class MailNotSentError(Exception):
    """The mail server did not take it; the task comes again."""


def mail_reset_link(user_id: str | None, site: str) -> None:
    """Mail a person a link to choose a new password; nobody, and nothing where they have none here.

    :raises MailNotSentError: by the kind of what went wrong: its words may hold the address
    """
    if user_id is None:
        return
    user = User.objects.filter(pk=UUID(user_id), is_local=True, is_active=True).first()
    if user is None:
        return
    with opened.forgetting():
        path = reverse("account_reset_password_from_key", args=[passwords.key_for(user)])
        try:
            mails.reset_mail(user.email, site + path).send()
        except (OSError, ValueError) as error:  # among them every error of SMTP, and odd addresses
            failure = MailNotSentError(type(error).__name__)
        else:
            return
    raise failure  # not above: what caused it would be told with it
