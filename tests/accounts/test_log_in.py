"""Logging in on the page…"""

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts.adapter import AccountAdapter
from accounts.models import User
from accounts.services import logins
from audit.models import MandateAudit
from tests.accounts.conftest import PASSWORD, LogIn, post_form

MISMATCH = "That e-mail and password do not match."


def test_opens_a_session_and_records_it(log_in: LogIn, browser: Client, parent: User) -> None:
    before = timezone.now()

    answer = log_in()

    row = MandateAudit.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert browser.get("/api/v1/me").json() == {
        "id": str(parent.pk),
        "email": parent.email,
        "is_staff": False,
    }
    assert (row.action, row.user_id, row.actor) == (
        "user_logged_in",
        parent.pk,
        f"user:{parent.pk}",
    )
    assert row.metadata["method"] == "session"
    assert timedelta(0) <= row.created_at - before < timedelta(minutes=1)


def test_takes_the_e_mail_in_any_case(log_in: LogIn) -> None:
    assert log_in(email="  PAT@Example.com ").status_code == 302


def test_gives_the_session_a_new_key(log_in: LogIn, browser: Client) -> None:
    planted = Client().session
    planted["planted"] = True
    planted.save()
    browser.cookies["sessionid"] = planted.session_key or ""

    log_in()

    assert browser.cookies["sessionid"].value != planted.session_key
    assert not Session.objects.filter(pk=planted.session_key).exists()


def test_keeps_the_session_with_its_record_not_when_the_answer_leaves(
    rf: RequestFactory, parent: User, noon: datetime
) -> None:
    request = rf.post("/auth")
    request.session = SessionStore()

    logins.log_in(request, parent, at=noon)

    kept = Session.objects.get(pk=request.session.session_key).get_decoded()
    assert kept["_auth_user_id"] == str(parent.pk)
    assert kept["authenticated_at"] == noon.isoformat()


def test_ends_with_the_browser_and_after_twelve_hours(log_in: LogIn, browser: Client) -> None:
    log_in()

    left = Session.objects.get().expire_date - timezone.now()
    assert browser.cookies["sessionid"]["max-age"] == ""
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)


@pytest.mark.parametrize("email", ["pat@example.com", "nobody@example.com"])
def test_says_one_sentence_for_a_wrong_password_and_an_unknown_e_mail(
    log_in: LogIn, email: str
) -> None:
    answer = log_in(email=email, password="not this one")

    assert answer.status_code == 200
    assert answer.content.decode().count(MISMATCH) == 1
    assert not Session.objects.exists()


def test_says_the_same_to_a_disabled_account(log_in: LogIn, parent: User) -> None:
    User.objects.filter(pk=parent.pk).update(is_active=False)

    answer = log_in()

    assert MISMATCH in answer.content.decode()
    assert MandateAudit.objects.get().action == "user_login_failed"


def test_hashes_as_often_for_an_unknown_e_mail_as_for_a_known_one(
    log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    log_in(password="wrong one")
    known = len(hashed)
    log_in(email="nobody@example.com", password="wrong one")

    assert known > 0
    assert len(hashed) == 2 * known


def test_records_a_failure_in_the_trail_of_the_account(log_in: LogIn, parent: User) -> None:
    log_in(password="not this one")

    row = MandateAudit.objects.get()
    assert (row.action, row.user_id, row.actor) == ("user_login_failed", parent.pk, "anonymous")


def test_records_a_failure_without_an_account_in_nobodys_trail(log_in: LogIn) -> None:
    log_in(email="nobody@example.com")

    row = MandateAudit.objects.get()
    assert (row.action, row.user_id, row.actor) == ("user_login_failed", None, "anonymous")


def test_keeps_nothing_typed_in_the_ledger_or_the_log(
    log_in: LogIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    log_in(email="canary-mail@example.com", password="canary-pass")
    log_in(password="canary-pass")

    kept = [repr(row) for row in MandateAudit.objects.values_list()]
    said = [record.getMessage() for record in caplog.records if record.name != "django.db.backends"]
    assert len(kept) == 2
    assert "canary" not in str(kept)
    assert "canary" not in str(said)


def test_stops_guessing_after_five_failures(log_in: LogIn, browser: Client) -> None:
    for _ in range(5):
        log_in(password="a guess")

    answer = log_in()

    assert "Too many requests. Please wait a moment." in answer.content.decode()
    assert MandateAudit.objects.count() == 5
    assert browser.get("/api/v1/me").status_code == 401


def test_counts_the_failures_of_an_e_mail_under_whatever_name_of_ours(
    browser: Client, parent: User, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = [".example.org"]
    browser.get("/auth", headers={"host": "a.example.org"})
    typed = {
        "login": parent.email,
        "password": "a guess",
        "csrfmiddlewaretoken": browser.cookies["csrftoken"].value,
    }
    for host in "abcdef":
        answer = browser.post("/auth", typed, headers={"host": f"{host}.example.org"})

    assert "Too many requests. Please wait a moment." in answer.content.decode()
    assert MandateAudit.objects.count() == 5


def test_lets_nobody_in_by_a_password_who_logs_in_elsewhere(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    User.objects.filter(pk=parent.pk).update(is_local=False)

    answer = log_in()

    row = MandateAudit.objects.get()
    assert MISMATCH in answer.content.decode()
    assert (row.action, row.user_id) == ("user_login_failed", None)


def test_counts_what_was_a_success_as_no_failure(log_in: LogIn, browser: Client) -> None:
    for _ in range(6):
        assert log_in().status_code == 302
        post_form(browser, "/auth/logout", {})


@pytest.mark.parametrize("next_path", ["/mandates-audit", "/?step=login&x=1", "/admin/"])
def test_goes_on_to_a_path_of_ours(log_in: LogIn, next_path: str) -> None:
    assert log_in(then=next_path)["Location"] == next_path


@pytest.mark.parametrize(
    "next_url",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        " //evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http://localhost/",
        "mandates-audit",
        "/\t/evil.example/",
    ],
)
def test_never_goes_on_to_another_site(log_in: LogIn, next_url: str) -> None:
    assert log_in(then=next_url)["Location"] == "/"


def test_sends_on_whoever_is_logged_in_already(log_in: LogIn, browser: Client) -> None:
    log_in()

    assert browser.get("/auth")["Location"] == "/"
    assert browser.get("/auth?next=/mandates-audit")["Location"] == "/mandates-audit"
    assert browser.get("/auth?next=//evil.example")["Location"] == "/"
    assert browser.get("/auth/signup")["Location"] == "/"


def test_keeps_the_way_on_between_log_in_and_sign_up(browser: Client) -> None:
    page = browser.get("/auth?next=/mandates-audit").content.decode()

    assert '<input type="hidden" name="next" value="/mandates-audit">' in page
    assert 'href="/auth/signup?next=%2Fmandates-audit"' in page


def test_needs_the_token_of_the_page(browser: Client, parent: User) -> None:
    answer = browser.post("/auth", {"login": parent.email, "password": PASSWORD})

    assert answer.status_code == 403
    assert "Please reload it and try again." in answer.content.decode()
    assert not Session.objects.exists()


def test_does_not_happen_where_it_cannot_be_recorded(
    log_in: LogIn, browser: Client, broken_ledger: None
) -> None:
    answer = log_in()

    assert answer.status_code == 503
    assert (
        "We could not record this action, so it was not done. Please try again shortly."
        in answer.content.decode()
    )
    assert not Session.objects.exists()
    assert browser.get("/api/v1/me").status_code == 401


def test_does_not_tell_a_failure_that_cannot_be_recorded(
    log_in: LogIn, broken_ledger: None
) -> None:
    answer = log_in(password="not this one")

    assert answer.status_code == 503
    assert MISMATCH not in answer.content.decode()


def test_does_not_answer_programs_in_a_language_of_its_own(browser: Client) -> None:
    answer = browser.get("/auth", headers={"accept": "application/json"})

    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    "path",
    ["/auth/", "/auth/email", "/auth/password/reset", "/auth/inactive"],
)
def test_shows_no_other_page_of_allauth(browser: Client, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_says_the_same_where_the_account_went_while_the_password_was_checked(
    log_in: LogIn, parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = AccountAdapter.authenticate

    def slow(self: AccountAdapter, request: HttpRequest, **typed: Any) -> User | None:
        user = check(self, request, **typed)
        User.objects.all().delete()
        return user

    monkeypatch.setattr(AccountAdapter, "authenticate", slow)

    assert MISMATCH in log_in().content.decode()
