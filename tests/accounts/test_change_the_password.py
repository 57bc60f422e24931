"""Changing the password…"""

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import User
from audit.models import MandateAudit
from tests.accounts.conftest import PASSWORD, LogIn, post_form

PATH = "/auth/security/password"
NEW = "skis in the cellar"
GOOD = {"password": PASSWORD, "password1": NEW}


@pytest.fixture(autouse=True)
def logged_in(log_in: LogIn) -> None:
    """Whoever changes it is logged in."""
    log_in()


def test_sets_it_and_records_that(browser: Client, parent: User) -> None:
    answer = post_form(browser, PATH, GOOD)

    parent.refresh_from_db()
    row = MandateAudit.objects.latest("created_at")
    assert (answer.status_code, answer["Location"]) == (302, "/auth/security")
    assert parent.check_password(NEW)
    assert (row.action, row.user_id, row.actor) == (
        "user_password_changed",
        parent.pk,
        f"user:{parent.pk}",
    )
    assert NEW not in repr(row.metadata)


def test_goes_on_here_and_ends_every_other_log_in(browser: Client, parent: User) -> None:
    key, token = browser.cookies["sessionid"].value, tokens.issue(parent.pk, at=timezone.now())
    elsewhere, bearer = Client(), {"authorization": f"Bearer {token}"}
    elsewhere.force_login(parent)
    assert Client().get("/api/v1/me", headers=bearer).status_code == 200

    post_form(browser, PATH, GOOD)

    assert browser.get("/api/v1/me").status_code == 200
    assert browser.cookies["sessionid"].value != key
    assert elsewhere.get("/api/v1/me").json()["code"] == "session_expired"
    assert Client().get("/api/v1/me", headers=bearer).json()["code"] == "session_expired"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password": "not this one"}, "That password does not match."),
        ({"password": "x" * 1_025}, "That password does not match."),
        ({"password": ""}, "This field is required."),
        ({"password1": "short"}, "too short"),
        ({"password1": "pat@example.com"}, "too similar"),
        ({"password1": PASSWORD}, "That is your password already."),
        ({"password1": "x" * 1_025}, "at most 1024 characters"),
    ],
)
def test_refuses(browser: Client, parent: User, fields: dict[str, str], sentence: str) -> None:
    answer = post_form(browser, PATH, GOOD | fields)

    parent.refresh_from_db()
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert parent.check_password(PASSWORD)
    assert not MandateAudit.objects.filter(action="user_password_changed").exists()


def test_stops_guessing_after_five_failures(browser: Client, parent: User) -> None:
    for _ in range(5):
        post_form(browser, PATH, GOOD | {"password": "a guess"})

    answer = post_form(browser, PATH, GOOD)

    parent.refresh_from_db()
    assert "Too many requests. Please wait a moment." in answer.content.decode()
    assert parent.check_password(PASSWORD)
    assert MandateAudit.objects.filter(action="user_login_failed").count() == 5


def test_needs_a_log_in_and_the_token_of_the_page(browser: Client) -> None:
    assert Client().get(PATH)["Location"] == f"/auth?next={PATH}"
    assert browser.post(PATH, GOOD).status_code == 403


def test_does_not_happen_where_it_cannot_be_recorded(
    browser: Client, parent: User, broken_ledger: None
) -> None:
    assert post_form(browser, PATH, GOOD).status_code == 503

    parent.refresh_from_db()
    assert parent.check_password(PASSWORD)
    assert parent.logins_valid_from is None
    assert browser.get("/api/v1/me").status_code == 200
