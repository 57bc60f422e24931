"""Telling a parent by e-mail what became of a registration…"""

import smtplib
import threading
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from orchestrator.models import RegistrationSubmission
from orchestrator.services import news
from tests.orchestrator.conftest import MakeNews

OWN_BACKEND = f"{__name__}.Postman"


class Postman(EmailBackend):
    """Delivers as `deliver` says, which tests set."""

    deliver: Callable[[], None]

    def send_messages(self, messages: Any) -> int:
        type(self).deliver()
        return super().send_messages(messages)


@pytest.fixture
def postman(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> type[Postman]:
    """The mail server, which can be told to misbehave."""
    settings.EMAIL_BACKEND = OWN_BACKEND
    monkeypatch.setattr(Postman, "deliver", staticmethod(lambda: None), raising=False)
    return Postman


def send() -> int:
    return news.send_due(at=timezone.now())


def wait_until_it_may_be_tried_again() -> None:
    RegistrationSubmission.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_mails_it_once(make_news: MakeNews, parent: User) -> None:
    submission = make_news()

    assert (send(), send()) == (1, 0)

    [sent] = mail.outbox
    assert sent.to == [parent.email]
    assert sent.from_email == "SignupAssist <no-reply@localhost>"
    assert sent.subject == "News about your registration: Nordic Kids at Blackhawk Ski Club"
    assert "Your registration is confirmed." in sent.body
    submission.refresh_from_db()
    assert submission.mailed_at is not None
    assert submission.told_at is None


@pytest.mark.once
def test_mails_nothing_that_anybody_wrote(make_news: MakeNews) -> None:
    make_news(
        message="Welcome, canary Emma!",
        confirmation_ref="canary-emma-larsen",
        response={"message": "canary"},
        program_title="Kids\nBcc: canary@example.com " + "x" * 300,
        is_real=False,
    )

    assert send() == 1

    raw = mail.outbox[0].message().as_string()
    assert "canary Emma" not in raw
    assert "canary-emma" not in raw
    assert "This is sample data" in raw
    assert mail.outbox[0].recipients() == mail.outbox[0].to


def test_mails_newer_news_again(make_news: MakeNews) -> None:
    make_news(status="needs_operator")
    send()
    RegistrationSubmission.objects.update(
        status="confirmed", news_at=timezone.now(), mailed_at=None
    )

    send()

    first, second = mail.outbox
    assert "A person is checking" in first.body
    assert "is confirmed" in second.body
    assert first.extra_headers["Message-ID"] != second.extra_headers["Message-ID"]


def test_mails_nobody_without_a_mail_server(make_news: MakeNews, settings: Settings) -> None:
    settings.MAILS_PARENTS = False
    make_news()

    assert send() == 0
    assert mail.outbox == []


def test_mails_no_account_that_is_gone(make_news: MakeNews, parent: User, stranger: User) -> None:
    make_news()
    make_news(stranger)
    parent.delete()
    User.objects.filter(pk=stranger.pk).update(is_active=False)

    assert send() == 0
    assert mail.outbox == []


def test_mails_nobody_whose_issuer_told_no_address(make_news: MakeNews, parent: User) -> None:
    make_news()
    User.objects.filter(pk=parent.pk).update(email="", is_local=False)

    assert send() == 0


@pytest.mark.parametrize(
    "trouble",
    [
        ConnectionRefusedError(),
        smtplib.SMTPServerDisconnected(),
        smtplib.SMTPRecipientsRefused({}),
        UnicodeError("an odd address"),
    ],
    ids=repr,
)
def test_tries_again_when_the_mail_server_is_down(
    make_news: MakeNews, postman: Any, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise trouble

    submission = make_news()
    postman.deliver = staticmethod(refuse)

    assert (send(), send()) == (0, 0)

    submission.refresh_from_db()
    assert submission.mailed_at is None
    assert submission.lease_until is not None
    assert "not mailed" in caplog.text
    assert "example.com" not in caplog.text
    postman.deliver = staticmethod(lambda: None)
    wait_until_it_may_be_tried_again()
    assert send() == 1


def test_lets_one_that_cannot_be_mailed_hold_up_no_other(
    make_news: MakeNews, postman: Any, stranger: User
) -> None:
    make_news(news_at=timezone.now() - timedelta(hours=1))
    make_news(stranger)
    answers = iter([smtplib.SMTPRecipientsRefused({})])

    def refuse_the_first() -> None:
        for trouble in answers:
            raise trouble

    postman.deliver = staticmethod(refuse_the_first)

    assert (send(), send()) == (0, 1)
    assert mail.outbox[0].to == [stranger.email]


def test_gives_up_after_a_day(make_news: MakeNews) -> None:
    make_news(news_at=timezone.now() - timedelta(hours=24, seconds=1))

    assert send() == 0


def test_pauses_longer_the_longer_it_waits(make_news: MakeNews, postman: Any) -> None:
    def refuse() -> None:
        raise ConnectionRefusedError

    postman.deliver = staticmethod(refuse)
    now = timezone.now()
    for waited, pause in ((0, 1), (60, 30)):
        submission = make_news(news_at=now - timedelta(minutes=waited))
        send()
        submission.refresh_from_db()
        assert submission.lease_until is not None
        minutes = (submission.lease_until - now).total_seconds() / 60
        assert pause <= minutes < pause + 0.5
        submission.delete()


def test_gives_up_on_a_mail_server_that_takes_no_end(
    make_news: MakeNews, postman: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = Event()
    monkeypatch.setattr(news, "MAIL_SECONDS", 0.05)
    postman.deliver = staticmethod(lambda: release.wait(30) and None)
    make_news()

    assert send() == 0

    release.set()
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join(10)


def test_mails_again_after_a_run_that_died(make_news: MakeNews) -> None:
    now = timezone.now()
    make_news(lease_token=uuid4(), lease_until=now + timedelta(seconds=90))
    assert send() == 0

    wait_until_it_may_be_tried_again()

    assert send() == 1


@pytest.mark.django_db(transaction=True)
def test_holds_no_transaction_while_it_mails(
    make_news: MakeNews, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    monkeypatch.setattr(news, "_send", lambda _: held.append(connection.in_atomic_block))
    make_news()

    assert send() == 1
    assert held == [False]
