"""Telling people by mail that how they log in was changed…"""

import re
import smtplib
from collections.abc import Callable
from datetime import datetime

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from accounts import tasks
from accounts.models import User
from accounts.services import passwords, second_factor
from accounts.services.mails import Change
from audit.services import AuditUnavailableError
from tests.accounts.two_steps import turn_on

NEW = "skis in the cellar"


def change_the_password(person: User) -> None:
    passwords.replace(person.pk, NEW, at=timezone.now())


def turn_off(person: User) -> None:
    turn_on(person)
    OrmQ.objects.all().delete()
    second_factor.remove(person.pk, at=timezone.now())


def make_codes(person: User) -> None:
    turn_on(person)
    OrmQ.objects.all().delete()
    second_factor.make_recovery_codes(person.pk, at=timezone.now())


def reset(person: User) -> None:
    passwords.reset(passwords.key_for(person), NEW, at=timezone.now())


def let_the_worker_work() -> None:
    for waiting in OrmQ.objects.all():
        assert waiting.task["func"] == "accounts.tasks.mail_change"
        assert waiting.task["save"] is False
        tasks.mail_change(*waiting.task["args"])
        waiting.delete()


@pytest.mark.parametrize(
    ("deed", "subject"),
    [
        (change_the_password, "Your password was changed"),
        (reset, "Your password was changed"),
        (turn_on, "Two-step log-in was turned on"),
        (turn_off, "Two-step log-in was turned off"),
        (make_codes, "New recovery codes were made"),
    ],
)
def test_happens_once_for_each(
    parent: User, mailoutbox: list[EmailMessage], deed: Callable[[User], object], subject: str
) -> None:
    deed(parent)
    assert parent.email not in str([one.task for one in OrmQ.objects.all()])
    let_the_worker_work()

    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([parent.email], subject)


@pytest.mark.parametrize("change", Change)
def test_says_what_when_and_what_to_do_and_leads_nowhere(
    parent: User, mailoutbox: list[EmailMessage], noon: datetime, change: Change
) -> None:
    tasks.mail_change(str(parent.pk), change.value, noon.isoformat())

    text = str(mailoutbox[0].body)
    assert "SignupAssist" in text.partition("\n\nIf")[0]
    assert "on 14 July 2026 at 12:00 UTC" in text
    assert 'choose "Forgot your password?"' in text
    assert not re.search(r"https?:|www\.|/auth|sa_", text)
    assert max(map(len, text.splitlines())) <= 98
    assert mailoutbox[0].extra_headers == {"Auto-Submitted": "auto-generated"}


@pytest.mark.parametrize("debug", [False, True])
def test_is_done_where_somebody_reads_it(parent: User, settings: Settings, debug: bool) -> None:
    settings.MAILS_PARENTS, settings.DEBUG = False, debug

    change_the_password(parent)

    assert OrmQ.objects.exists() is debug


@pytest.mark.parametrize("what", [{"is_local": False}, {"is_active": False}, None])
def test_tells_nobody_who_does_not_log_in_here(
    parent: User, mailoutbox: list[EmailMessage], what: dict[str, bool] | None
) -> None:
    change_the_password(parent)
    if what:
        User.objects.filter(pk=parent.pk).update(**what)
    else:
        parent.delete()

    let_the_worker_work()

    assert mailoutbox == []


def test_tells_nothing_that_was_not_recorded(parent: User, broken_ledger: None) -> None:
    with pytest.raises(AuditUnavailableError):
        change_the_password(parent)

    assert not OrmQ.objects.exists()


def test_tries_again_when_the_mail_server_is_down_and_keeps_the_address_to_itself(
    parent: User, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailMessage) -> int:
        raise smtplib.SMTPRecipientsRefused({parent.email: (550, b"no")})

    monkeypatch.setattr(EmailMessage, "send", refuse)

    with pytest.raises(tasks.MailNotSentError) as failed:
        tasks.mail_change(str(parent.pk), "password", noon.isoformat())

    assert str(failed.value) == "SMTPRecipientsRefused"
    assert failed.value.__context__ is None
