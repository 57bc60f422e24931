"""News for parents: what became of a registration while they were not waiting for the answer.

They hear of it on the page, until they said that they have read it, and by e-mail where there is a
mail server. An e-mail can be read by others: it holds our own sentence and what a program is called,
and nothing that a parent or a provider wrote.
"""

import logging
import time
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from threading import Thread
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orchestrator.flow import parts
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.submissions.words import our_words_for, words_for

logger = logging.getLogger(__name__)

MOST_SHOWN = 5
GOOD_NEWS = {SubmissionStatus.CONFIRMED, SubmissionStatus.WAITLISTED}

TRIED_FOR = timedelta(hours=24)
LEASE = timedelta(seconds=90)
SHORTEST_PAUSE = timedelta(minutes=1)
MOST_PER_RUN = 20
RUN_SECONDS = 60
MAIL_SECONDS = 30


# --- On the page ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Notice:
    """What a parent reads about one registration."""

    id: UUID
    status: str
    title: str
    words: str
    confirmation_ref: str
    is_good: bool
    is_sample: bool


def notices(*, user_id: UUID) -> list[Notice]:
    """Return what this person has not heard of yet, newest first."""
    unheard = _unheard(RegistrationSubmission.objects.for_user(user_id)).order_by("-news_at", "-id")
    return [
        Notice(
            id=one.pk,
            status=one.status,
            title=title_of(one),
            words=words_for(one),
            confirmation_ref=one.confirmation_ref,
            is_good=one.status in GOOD_NEWS,
            is_sample=not one.is_real,
        )
        for one in unheard[:MOST_SHOWN]
    ]


def noticed(*, user_id: UUID, submission_id: UUID, status: str, at: datetime) -> None:
    """Write that this person has read that a registration has this status; a newer one stays.

    :raises RegistrationSubmission.DoesNotExist: if they have no such registration
    """
    submission = RegistrationSubmission.objects.for_user(user_id).get(pk=submission_id)
    if status == submission.status:
        heard(submission, at=at)


def heard(submission: RegistrationSubmission, *, at: datetime) -> None:
    """Write that the parent was shown this registration as it was read."""
    if submission.news_at is None or submission.told_at is not None:
        return
    as_read = RegistrationSubmission.objects.filter(pk=submission.pk, news_at=submission.news_at)
    _unheard(as_read).update(told_at=at)


def title_of(submission: RegistrationSubmission) -> str:
    """Return what was registered for, and where, in one line."""
    program = submission.program_title or submission.program_ref
    club = submission.org_name or submission.org_ref
    title = _("%(program)s at %(club)s") % {"program": program, "club": club}
    return " ".join(title.split())


def _unheard(
    submissions: QuerySet[RegistrationSubmission],
) -> QuerySet[RegistrationSubmission]:
    return submissions.filter(news_at__isnull=False, told_at__isnull=True)


# --- By e-mail -----------------------------------------------------------------------------------


def send_due(*, at: datetime) -> int:
    """Mail what has not been mailed yet, where there is a mail server; return how many mails left.

    At least once each: a run that dies is repeated when its lease runs out. A mail server that is
    down is tried again for a day, at growing intervals, and ends this run, never the caller's.
    """
    if not settings.MAILS_PARENTS:
        return 0
    started, sent = time.monotonic(), 0
    for submission, address in _to_mail(at):
        if time.monotonic() - started > RUN_SECONDS:
            break
        token = _claim(submission)
        if token is None:  # another run has it
            continue
        try:
            _send(_message(submission, address))
        except (OSError, ValueError) as error:  # among them every error of SMTP, and odd addresses
            logger.warning(
                "News of registration %s not mailed: %s", submission.pk, type(error).__name__
            )
            _put_off(submission, token)
            break
        _let_go(submission, token, mailed_at=timezone.now(), lease_until=None)
        sent += 1
    return sent


def _to_mail(at: datetime) -> list[tuple[RegistrationSubmission, str]]:
    """Return what is to be mailed, oldest first, and to whom; an erased account gets no mail."""
    people = get_user_model()._default_manager.filter(is_active=True).exclude(email="")
    waiting = RegistrationSubmission.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=at),
        Exists(people.filter(pk=OuterRef("user_id"))),  # with IN, SQLite would go by all people
        news_at__gt=at - TRIED_FOR,
        mailed_at__isnull=True,
    )
    due = list(waiting.order_by("news_at", "id")[:MOST_PER_RUN])
    of_whom = people.filter(pk__in={one.user_id for one in due})
    addresses: dict[UUID, str] = dict(of_whom.values_list("pk", "email"))
    return [(one, addresses[one.user_id]) for one in due if one.user_id in addresses]


def _claim(submission: RegistrationSubmission) -> UUID | None:
    """Return the right to mail this news, or None where somebody else has it."""
    token, now = uuid4(), timezone.now()
    won = RegistrationSubmission.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=now),
        pk=submission.pk,
        news_at=submission.news_at,
        mailed_at__isnull=True,
    ).update(lease_token=token, lease_until=now + LEASE)
    return token if won else None


def _put_off(submission: RegistrationSubmission, token: UUID) -> None:
    """Let the next try come after half the time that the news has waited already."""
    now = timezone.now()
    waited = now - (submission.news_at or now)
    _let_go(submission, token, lease_until=now + max(waited / 2, SHORTEST_PAUSE))


def _let_go(submission: RegistrationSubmission, token: UUID, **said: datetime | None) -> None:
    held = RegistrationSubmission.objects.filter(pk=submission.pk, lease_token=token)
    held.filter(news_at=submission.news_at).update(lease_token=None, **said)


def _message(submission: RegistrationSubmission, address: str) -> EmailMessage:
    title = title_of(submission)
    lines = [f"{title}:", our_words_for(submission)]
    if not submission.is_real:
        lines.append(parts.sample(is_booking=True))
    body = "\n".join(
        [
            _("Hello,"),
            "",
            *lines,
            "",
            _("Log in to SignupAssist to see the details."),
            "",
            "SignupAssist",
        ]
    )
    short = title[:100]
    subject = _("News about your registration: %(short)s") % {"short": short}
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return EmailMessage(
        subject,
        body,
        to=[address],
        headers={
            "Auto-Submitted": "auto-generated",
            # the same for the same news: sent twice, it is shown once
            "Message-ID": f"<{submission.pk}.{submission.status}@{domain}>",
        },
    )


def _send(message: EmailMessage) -> None:
    """Send a mail, or give up when its time is over.

    In a thread of its own: a socket's timeout starts anew at every byte, so a mail server that drips
    could hold it for hours.

    :raises OSError: if the mail server does not take it in time, or not at all
    :raises ValueError: if the address cannot be written down
    """
    outcome: Future[int] = Future()

    def deliver() -> None:
        try:
            outcome.set_result(message.send())
        except Exception as error:  # noqa: BLE001  handed over to who waits
            outcome.set_exception(error)

    Thread(target=deliver, name="mail", daemon=True).start()
    outcome.result(MAIL_SECONDS)
