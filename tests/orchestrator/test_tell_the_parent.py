"""Telling a parent what became of a registration…"""

import smtplib
import threading
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import news
from orchestrator.submissions.refusals import SENTENCES

MakeNews = Callable[..., RegistrationSubmission]
OWN_BACKEND = f"{__name__}.Postman"


@pytest.fixture
def make_news(parent: User) -> MakeNews:
    """Make a registration that was settled while its parent was away."""

    def make(user: User | None = None, **known: Any) -> RegistrationSubmission:
        now = timezone.now()
        usual = {
            "session_id": uuid4(),
            "user_id": (user or parent).pk,
            "provider": "skiclubpro",
            "org_ref": "blackhawk-ski",
            "org_name": "Blackhawk Ski Club",
            "program_ref": f"program-{uuid4()}",
            "program_title": "Nordic Kids",
            "participant": "a" * 64,
            "status": SubmissionStatus.CONFIRMED,
            "is_real": True,
            "request_digest": "b" * 64,
            "confirmation_ref": "BSC-77",
            "created_at": now,
            "updated_at": now,
            "news_at": now,
        }
        return RegistrationSubmission.objects.create(**usual | known)

    return make


@pytest.fixture
def browser(parent: User) -> Client:
    """The browser of the parent."""
    browser = Client()
    browser.force_login(parent)
    return browser


def page(browser: Client) -> str:
    return browser.get("/").content.decode()


def read(browser: Client, submission_id: UUID, status: str = "confirmed") -> Any:
    """Press the notice's button."""
    return browser.post(f"/registrations/{submission_id}/noticed", {"status": status})


def told(submission: RegistrationSubmission) -> bool:
    submission.refresh_from_db()
    return submission.told_at is not None


# --- On the page ---------------------------------------------------------------------------------


def test_shows_it_on_the_page_until_it_is_read(browser: Client, make_news: MakeNews) -> None:
    submission = make_news()

    for _ in range(2):
        shown = page(browser)
        for words in (
            "Nordic Kids at Blackhawk Ski Club",
            "Your registration is confirmed.",
            "BSC-77",
        ):
            assert words in shown
    answer = read(browser, submission.pk)

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert told(submission)
    assert "Nordic Kids" not in page(browser)


@pytest.mark.once
@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"status": "waitlisted"}, "Your child is on the waiting list."),
        ({"status": "rejected", "error_code": "program_full"}, SENTENCES["program_full"]),
        ({"status": "not_created"}, "Nothing was booked."),
        ({"status": "needs_operator"}, "A person is checking with the provider"),
        ({"message": "See you on Saturday!"}, "See you on Saturday!"),
        ({"is_real": False}, "Nobody was really registered."),
        ({"program_title": "<b>Kids</b>"}, "&lt;b&gt;Kids&lt;/b&gt; at Blackhawk"),
        ({"program_title": "", "org_name": "", "program_ref": "p1"}, "p1 at blackhawk-ski"),
    ],
)
def test_says_what_it_is(
    browser: Client, make_news: MakeNews, known: dict[str, Any], words: str
) -> None:
    make_news(**known)

    assert words in page(browser)


def test_shows_the_newest_five(browser: Client, make_news: MakeNews) -> None:
    now = timezone.now()
    for number in range(7):
        make_news(program_title=f"Course {number}", news_at=now - timedelta(hours=number))

    shown = page(browser)

    assert [number for number in range(7) if f"Course {number}" in shown] == [0, 1, 2, 3, 4]
    assert shown.index("Course 0") < shown.index("Course 4")


def test_shows_nobody_what_is_not_theirs_or_no_news(
    browser: Client, make_news: MakeNews, stranger: User
) -> None:
    make_news(stranger, program_title="Of another")
    make_news(program_title="Seen at once", news_at=None)

    shown = page(browser)

    assert "Of another" not in shown
    assert "Seen at once" not in shown


def test_lets_nobody_else_say_that_it_was_read(
    browser: Client, make_news: MakeNews, stranger: User
) -> None:
    theirs = make_news(stranger)

    foreign, unknown = read(browser, theirs.pk), read(browser, uuid4())
    nobody = read(Client(), theirs.pk)

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content
    assert (nobody.status_code, nobody["Location"].split("?")[0]) == (302, "/auth")
    assert not told(theirs)


def test_takes_a_form_of_this_site_alone(parent: User, make_news: MakeNews) -> None:
    submission = make_news()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(parent)

    assert read(browser, submission.pk).status_code == 403
    assert browser.get(f"/registrations/{submission.pk}/noticed").status_code == 405
    assert not told(submission)


def test_keeps_newer_news_than_what_was_read(browser: Client, make_news: MakeNews) -> None:
    submission = make_news(status="needs_operator")
    now = timezone.now()
    RegistrationSubmission.objects.update(status="confirmed", news_at=now, told_at=None)

    read(browser, submission.pk, "needs_operator")
    assert not told(submission)
    read(browser, submission.pk, "confirmed")
    assert told(submission)


@pytest.mark.once
def test_takes_no_form_that_does_not_say_what_was_read(
    browser: Client, make_news: MakeNews
) -> None:
    submission = make_news()

    for form in ({}, {"status": ""}):
        answer = browser.post(f"/registrations/{submission.pk}/noticed", form)
        assert answer.status_code == 400
    assert not told(submission)


def test_counts_as_told_once_its_owner_asked_for_it(
    make_news: MakeNews, client_of: Callable[[User], APIClient], parent: User, stranger: User
) -> None:
    submission = make_news()
    address = f"/api/v1/submissions/{submission.pk}"

    client_of(stranger).get(address)
    assert not told(submission)
    client_of(parent).get(address)
    assert told(submission)
    first = submission.told_at
    client_of(parent).get(address)
    submission.refresh_from_db()
    assert submission.told_at == first


def test_asking_before_there_is_news_tells_nothing(
    make_news: MakeNews, client_of: Callable[[User], APIClient], parent: User
) -> None:
    submission = make_news(status="outcome_unknown", news_at=None)

    client_of(parent).get(f"/api/v1/submissions/{submission.pk}")

    assert not told(submission)


# --- By e-mail -----------------------------------------------------------------------------------


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
