"""Choosing a new password by a link in the mail…"""

import logging
import re
import smtplib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from accounts import tasks
from accounts.models import User
from accounts.services import passwords
from audit import redaction
from audit.models import MandateAudit
from tests.accounts.conftest import PASSWORD, LogIn, post_form

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

NEW = "skis in the cellar"
UNKNOWN = "nobody@example.com"
GONE = "This link no longer works"


def ask(browser: Client, email: str) -> "Answer":
    return post_form(browser, "/auth/reset", {"email": email})


def mailed_link(mailoutbox: list[EmailMessage]) -> str:
    """Let the worker do what waits for it, and return the path of the link that it mailed."""
    for waiting in OrmQ.objects.all():
        tasks.mail_reset_link(*waiting.task["args"])
        waiting.delete()
    found = re.search(
        r"^http://testserver(/auth/reset/\S+)$", str(mailoutbox[-1].body), re.MULTILINE
    )
    assert found, "there is a link on a line of its own"
    return found[1]


@pytest.fixture
def link(browser: Client, parent: User, mailoutbox: list[EmailMessage]) -> str:
    """The path of the link that a parent was mailed."""
    ask(browser, parent.email)
    return mailed_link(mailoutbox)


def test_mails_a_link_to_whoever_asks(
    browser: Client, parent: User, mailoutbox: list[EmailMessage]
) -> None:
    answer = ask(browser, " Pat@Example.com ")

    mailed_link(mailoutbox)
    row = MandateAudit.objects.get(action="user_password_reset_requested")
    mailed = MandateAudit.objects.get(action="user_password_reset_mailed")
    assert (mailed.user_id, mailed.metadata["outcome"]) == (parent.pk, "sent")
    assert (answer.status_code, answer["Location"]) == (302, "/auth/reset/sent")
    assert [mail.to for mail in mailoutbox] == [[parent.email]]
    assert (row.action, row.user_id, row.actor) == (
        "user_password_reset_requested",
        parent.pk,
        "anonymous",
    )


def test_sets_the_password_and_records_it(link: str, browser: Client, parent: User) -> None:
    answer = post_form(browser, link, {"password1": NEW})

    parent.refresh_from_db()
    row = MandateAudit.objects.latest("created_at")
    assert (answer.status_code, answer["Location"]) == (302, "/auth")
    assert "Your new password is set. Please log in." in browser.get("/auth").content.decode()
    assert parent.check_password(NEW)
    assert browser.get("/api/v1/me").status_code == 401, "a second factor may be asked for yet"
    assert (row.action, row.user_id, row.actor) == (
        "user_password_changed",
        parent.pk,
        f"user:{parent.pk}",
    )


def test_does_the_same_for_an_unknown_e_mail_and_mails_nothing(
    browser: Client, parent: User, mailoutbox: list[EmailMessage]
) -> None:
    """Threat 30: whether there is an account shows in no answer, and in no time."""
    ask(browser, "first@example.com")  # who finds no counter of this address yet
    answers, statements = [], []
    for email in (parent.email, UNKNOWN):
        with CaptureQueriesContext(connection) as asked:
            answers.append(ask(browser, email))
        statements.append([query["sql"].split()[0] for query in asked])

    known, unknown = answers
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert _told(known) == _told(unknown)
    assert statements[0] == statements[1]
    mailed_link(mailoutbox)
    assert [mail.to for mail in mailoutbox] == [[parent.email]]
    assert MandateAudit.objects.filter(user_id=None).count() == 2


def _told(answer: "Answer") -> dict[str, str]:
    """Return the headers, without what names this very request or the second it came in."""
    own = {"X-Request-ID", "Expires"}
    return {name: said for name, said in answer.headers.items() if name not in own}


@pytest.mark.parametrize("what", [{"is_local": False}, {"is_active": False}])
def test_mails_nothing_to_who_may_not_log_in_here(
    browser: Client, parent: User, mailoutbox: list[EmailMessage], what: dict[str, bool]
) -> None:
    User.objects.filter(pk=parent.pk).update(**what)

    ask(browser, parent.email)

    [waiting] = OrmQ.objects.all()
    tasks.mail_reset_link(*waiting.task["args"])
    tasks.mail_reset_link(str(parent.pk), "http://testserver")
    assert mailoutbox == []


def test_finds_the_account_of_this_site_beside_one_of_an_issuer(
    browser: Client, parent: User, mailoutbox: list[EmailMessage]
) -> None:
    User.objects.create_user(parent.email, is_local=False)

    ask(browser, parent.email)

    assert parent.pk.hex in mailed_link(mailoutbox)


def test_keeps_no_key_in_the_queue(browser: Client, parent: User) -> None:
    ask(browser, parent.email)

    task = OrmQ.objects.get().task
    assert task["args"] == (str(parent.pk), "http://testserver")
    assert task["save"] is False


def test_works_once(link: str, browser: Client, parent: User) -> None:
    post_form(browser, link, {"password1": NEW})

    again = browser.get(link)

    assert again.status_code == 404
    assert GONE in again.content.decode()
    assert browser.post(link, {"password1": "another one here"}).status_code == 403, "no token"
    token = browser.cookies["csrftoken"].value
    browser.post(link, {"password1": "another one here", "csrfmiddlewaretoken": token})
    parent.refresh_from_db()
    assert parent.check_password(NEW)


def test_works_where_somebody_else_is_logged_in(
    parent: User, stranger: User, mailoutbox: list[EmailMessage]
) -> None:
    """One browser, two parents: the database is not asked for the one who is logged in."""
    browser = Client()
    browser.force_login(stranger)
    assert ask(browser, parent.email).status_code == 302

    link = mailed_link(mailoutbox)
    browser.get(link)
    answer = post_form(browser, link, {"password1": NEW})

    parent.refresh_from_db()
    assert (answer.status_code, parent.check_password(NEW)) == (302, True)


def test_works_for_an_hour(link: str, browser: Client) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=59)):
        assert browser.get(link).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert browser.get(link).status_code == 404


def test_works_until_its_person_logs_in(link: str, browser: Client, log_in: LogIn) -> None:
    log_in()

    assert Client().get(link).status_code == 404


def test_works_until_its_person_logs_out_everywhere(
    link: str, browser: Client, parent: User
) -> None:
    User.objects.filter(pk=parent.pk).update(logins_valid_from=timezone.now())

    assert browser.get(link).status_code == 404


@pytest.mark.parametrize(
    "key",
    [
        "sa_{owner}k{token}0",
        "sa_{owner}k0{token}",
        "sa_{owner}k{forged}",
        "sa_{owner}",
        "sa_{other}k{token}",
        "sa_not-a-key",
        "x" * 2_000,
        "\N{FULLWIDTH DIGIT ONE}-ä",
    ],
)
def test_refuses_any_other_key(link: str, browser: Client, stranger: User, key: str) -> None:
    key_of_link = link.rpartition("/")[2]
    owner, token = key_of_link[3:35], key_of_link[36:]
    forged = token[:-1] + ("1" if token[-1] == "0" else "0")
    assert browser.get(f"/auth/reset/sa_{owner}k{token}").status_code == 200

    spoiled = key.format(owner=owner, token=token, forged=forged, other=stranger.pk.hex)

    assert browser.get(f"/auth/reset/{spoiled}").status_code == 404


def test_ends_every_log_in_and_the_lock_after_failures(
    link: str, browser: Client, parent: User
) -> None:
    elsewhere = Client(enforce_csrf_checks=True)
    elsewhere.cookies["sessionid"] = _session_of(parent)
    assert elsewhere.get("/api/v1/me").status_code == 200
    for _ in range(6):
        post_form(browser, "/auth", {"login": parent.email, "password": "forgotten"})
    before = timezone.now()

    User.objects.filter(pk=parent.pk).update(last_login=None)
    key = passwords.key_for(User.objects.get(pk=parent.pk))
    post_form(browser, f"/auth/reset/{key}", {"password1": NEW})

    parent.refresh_from_db()
    assert elsewhere.get("/api/v1/me").json()["code"] == "session_expired"
    assert parent.logins_valid_from is not None
    assert parent.logins_valid_from >= before
    answer = post_form(browser, "/auth", {"login": parent.email, "password": NEW})
    assert answer.status_code == 302, "who forgot it has tried in vain before"


def _session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@pytest.mark.parametrize("password", ["short", "password1", "x" * 1_025])
def test_takes_no_bad_password(link: str, browser: Client, parent: User, password: str) -> None:
    answer = post_form(browser, link, {"password1": password})

    parent.refresh_from_db()
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert parent.check_password(PASSWORD)
    assert browser.get(link).status_code == 200, "the link is not used up"


def test_gives_the_key_to_nobody(
    link: str, browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Threat 23: in no referrer, no store, no log and no record."""
    caplog.set_level(logging.DEBUG)
    key = link.rpartition("/")[2]

    page = browser.get(link)
    browser.post(link, {"password1": NEW})  # refused: no token, which the log tells with the path
    post_form(browser, link, {"password1": NEW})
    browser.get(link)

    lines = [one.getMessage() for one in caplog.records if one.name != "django.db.backends"]
    kept = repr(list(MandateAudit.objects.values_list())) + repr(
        [one.get_decoded() for one in Session.objects.all()]
    )
    assert page["Referrer-Policy"] == "strict-origin"
    assert "no-store" in page["Cache-Control"]
    assert any("/auth/reset/" in line for line in lines)
    assert key not in str(lines) + kept
    assert key[-32:] not in str(lines) + kept
    assert NEW not in str(lines) + kept
    assert redaction.redact({"note": f"see {link}"}) == {"note": redaction.REDACTED}


def test_stops_after_three_an_hour_for_the_same_e_mail(
    browser: Client, parent: User, mailoutbox: list[EmailMessage]
) -> None:
    for _ in range(3):
        ask(browser, parent.email)

    answer = ask(browser, " PAT@example.com")

    assert answer.status_code == 429
    assert OrmQ.objects.count() == 3
    assert ask(browser, UNKNOWN).status_code == 302


def test_says_so_where_no_mail_can_be_sent(
    browser: Client, parent: User, settings: Settings
) -> None:
    settings.MAILS_PARENTS = False

    answer = browser.get("/auth/reset")

    assert answer.status_code == 503
    assert "this site cannot send any" in answer.content.decode()
    assert ask(browser, parent.email).status_code == 503
    assert not OrmQ.objects.exists()


def test_says_where_it_is_printed_on_a_developers_machine(
    browser: Client, settings: Settings
) -> None:
    settings.MAILS_PARENTS, settings.DEBUG = False, True

    assert browser.get("/auth/reset").status_code == 200
    assert "printed where the server runs" in browser.get("/auth/reset/sent").content.decode()


def test_tries_again_when_the_mail_server_is_down_and_keeps_the_address_to_itself(
    parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailMessage) -> int:
        raise smtplib.SMTPRecipientsRefused({parent.email: (550, b"no")})

    monkeypatch.setattr(EmailMessage, "send", refuse)

    with pytest.raises(tasks.MailNotSentError) as failed:
        tasks.mail_reset_link(str(parent.pk), "http://testserver")

    assert str(failed.value) == "SMTPRecipientsRefused"
    assert failed.value.__context__ is None
    row = MandateAudit.objects.get(action="user_password_reset_mailed")
    assert (row.user_id, row.metadata["outcome"]) == (parent.pk, "failed")


def test_does_not_happen_where_it_cannot_be_recorded(
    link: str, browser: Client, parent: User, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("broken_ledger")

    assert ask(browser, parent.email).status_code == 503
    assert not OrmQ.objects.exists()
    assert post_form(browser, link, {"password1": NEW}).status_code == 503
    parent.refresh_from_db()
    assert parent.check_password(PASSWORD)


def test_needs_the_token_of_the_page(link: str, browser: Client) -> None:
    assert Client(enforce_csrf_checks=True).post(link, {"password1": NEW}).status_code == 403
    fresh = Client(enforce_csrf_checks=True)
    assert fresh.post("/auth/reset", {"email": UNKNOWN}).status_code == 403


@pytest.mark.once
def test_is_offered_on_the_log_in_page(browser: Client) -> None:
    assert 'href="/auth/reset"' in browser.get("/auth").content.decode()


@pytest.mark.parametrize(("debug", "port"), [(False, ""), (True, ":666")])
def test_leads_to_no_port_that_somebody_else_chose(
    parent: User, settings: Settings, debug: bool, port: str
) -> None:
    settings.DEBUG = debug
    Client().post("/auth/reset", {"email": parent.email}, headers={"host": "testserver:666"})

    assert OrmQ.objects.get().task["args"][1] == f"http://testserver{port}"
