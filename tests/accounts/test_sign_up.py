"""Signing up…"""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import User
from accounts.services import logins, people
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from tests.accounts.conftest import post_form

GOOD = {"email": "New@Example.com", "password1": "skis in the cellar"}


def test_creates_an_account_logs_in_and_records_both(browser: Client) -> None:
    answer = post_form(browser, "/auth/signup", GOOD)

    user = User.objects.get()
    rows = MandateAudit.objects.order_by("created_at")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert user.email == "new@example.com"
    assert user.check_password(GOOD["password1"])
    assert not user.is_staff
    assert [(row.action, row.user_id, row.actor) for row in rows] == [
        ("user_signed_up", user.pk, f"user:{user.pk}"),
        ("user_logged_in", user.pk, f"user:{user.pk}"),
    ]
    assert browser.get("/api/v1/me").json()["email"] == "new@example.com"
    assert browser.cookies["sessionid"]["max-age"] == "", "it ends with the browser"


def test_goes_on_to_where_the_person_was_going(browser: Client) -> None:
    assert (
        post_form(browser, "/auth/signup", GOOD | {"next": "/mandates-audit"})["Location"]
        == "/mandates-audit"
    )


def test_keeps_nothing_typed_in_the_ledger(browser: Client) -> None:
    post_form(
        browser, "/auth/signup", {"email": "canary@example.com", "password1": "zq71-CANARY-long"}
    )

    assert MandateAudit.objects.exists()
    assert "canary" not in str(list(MandateAudit.objects.values_list())).lower()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password1": "short"}, "too short"),
        ({"password1": "password1"}, "too common"),
        ({"password1": "x" * 1025}, "at most 1024 characters"),
        ({"email": "no e-mail"}, "valid email"),
        ({"email": "x" * 60 + "@" + "y.".join(["z" * 60] * 4) + ".org"}, "at most 254 characters"),
        ({"email": "PAT@example.com"}, "There is already an account with this e-mail."),
    ],
)
def test_refuses(browser: Client, parent: User, fields: dict[str, str], sentence: str) -> None:
    answer = post_form(browser, "/auth/signup", GOOD | fields)

    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert User.objects.count() == 1
    assert not MandateAudit.objects.exists()


def test_refuses_an_e_mail_that_was_taken_a_moment_ago(
    browser: Client, parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what the form asks first, answered a moment too early
    monkeypatch.setattr(people, "find_by_email", lambda _: None)

    answer = post_form(browser, "/auth/signup", GOOD | {"email": parent.email})

    assert "There is already an account with this e-mail." in answer.content.decode()
    assert User.objects.get() == parent
    assert not MandateAudit.objects.exists()


def test_takes_the_e_mail_of_somebody_who_logs_in_elsewhere(browser: Client) -> None:
    elsewhere = User.objects.create_user(GOOD["email"], is_local=False)

    assert post_form(browser, "/auth/signup", GOOD).status_code == 302

    assert User.objects.filter(email=elsewhere.email).count() == 2
    assert browser.get("/api/v1/me").json()["id"] != str(elsewhere.pk)


def test_gives_no_rights_that_were_asked_for(browser: Client) -> None:
    post_form(browser, "/auth/signup", GOOD | {"is_staff": "on", "is_superuser": "on", "id": "1"})

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (False, False)


def test_does_not_happen_where_it_cannot_be_recorded(browser: Client, broken_ledger: None) -> None:
    answer = post_form(browser, "/auth/signup", GOOD)

    assert answer.status_code == 503
    assert not User.objects.exists()
    assert not Session.objects.exists()


def test_does_not_happen_where_its_log_in_cannot_be_recorded(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr(logins, "log_in", refuse)

    answer = post_form(browser, "/auth/signup", GOOD)

    assert answer.status_code == 503
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()
    assert not MandateAudit.objects.exists()
    assert "sessionid" not in browser.cookies


def test_needs_the_token_of_the_page(browser: Client) -> None:
    assert browser.post("/auth/signup", GOOD).status_code == 403
    assert not User.objects.exists()
