"""Telling people that how they log in was changed: it may not have been them."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django_q.tasks import async_task

from accounts.services.mails import Change


def tell(user_id: UUID, change: Change, *, at: datetime) -> None:
    """Have a mail about a change sent to this person, where mails are sent, or printed to be read.

    Belongs into the caller's transaction, with the record: who is told was told the truth.
    """
    if settings.MAILS_PARENTS or settings.DEBUG:
        async_task(
            "accounts.tasks.mail_change",
            str(user_id),
            change.value,
            at.isoformat(),
            q_options={"save": False},
        )
