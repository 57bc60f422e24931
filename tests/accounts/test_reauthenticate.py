"""Logging in again on the page that asks for the password…"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import MandateAudit
from tests.accounts.conftest import PASSWORD, LogIn, post_form

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

PATH = "/auth/reauthenticate"
LOGINS = "/mandates-audit/logins"
LATER = timedelta(minutes=11)

LogInAgain = Callable[..., "Answer"]


@pytest.fixture
def log_in_again(log_in: LogIn, browser: Client) -> LogInAgain:
    """Log in, then fill in the page that asks again."""
    log_in()

    def fill_in(password: str = PASSWORD, then: str = LOGINS) -> "Answer":
        return post_form(browser, PATH, {"password": password, "next": then})

    return fill_in


def delete_a_login(browser: Client) -> str:
    """Return how the API refuses to delete a login that is not there."""
    token = browser.cookies["csrftoken"].value
    answer = browser.delete(f"/api/v1/credentials/{uuid4()}", headers={"X-CSRFToken": token})
    return str(answer.json()["code"])


def test_leads_back_and_makes_the_log_in_recent(log_in_again: LogInAgain, browser: Client) -> None:
    with time_machine.travel(timezone.now() + LATER):
        assert delete_a_login(browser) == "reauthentication_required"

        answer = log_in_again(then=f"{LOGINS}#delete-1")

        assert (answer.status_code, answer["Location"]) == (302, f"{LOGINS}#delete-1")
        assert delete_a_login(browser) == "not_found"


def test_is_recorded(log_in_again: LogInAgain, parent: User) -> None:
    log_in_again()

    row = MandateAudit.objects.latest("created_at")
    assert (row.action, row.user_id, row.actor) == (
        "user_logged_in",
        parent.pk,
        f"user:{parent.pk}",
    )
    assert row.metadata["method"] == "reauthentication"


def test_gives_the_session_a_new_key_and_keeps_its_forms_valid(
    log_in_again: LogInAgain, browser: Client
) -> None:
    key, token = browser.cookies["sessionid"].value, browser.cookies["csrftoken"].value

    log_in_again()

    assert browser.cookies["sessionid"].value != key
    assert not Session.objects.filter(pk=key).exists()
    assert Session.objects.count() == 1
    assert browser.cookies["sessionid"]["max-age"] == "", "it ends with the browser, as before"
    assert browser.cookies["csrftoken"].value == token
    assert browser.get("/api/v1/me").status_code == 200


def test_names_whose_password_it_wants_and_the_way_back(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    log_in()

    answer = browser.get(f"{PATH}?next={LOGINS}")
    page = answer.content.decode()

    assert f'value="{parent.email}"' in page
    assert f'<input type="hidden" name="next" value="{LOGINS}">' in page
    assert f'href="{LOGINS}">Go back</a>' in page
    assert "no-store" in answer["Cache-Control"]


def test_refuses_a_wrong_password_and_records_that(
    log_in_again: LogInAgain, browser: Client, parent: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with time_machine.travel(timezone.now() + LATER):
        answer = log_in_again(password="canary-pass")

        row = MandateAudit.objects.latest("created_at")
        assert answer.status_code == 200
        assert answer.content.decode().count("That password does not match.") == 1
        assert (row.action, row.user_id, row.actor) == (
            "user_login_failed",
            parent.pk,
            "anonymous",
        )
        assert delete_a_login(browser) == "reauthentication_required"
    said = [record.getMessage() for record in caplog.records if record.name != "django.db.backends"]
    assert "canary" not in str(said) + repr(list(MandateAudit.objects.values_list()))
    assert "canary" not in answer.content.decode()


def test_refuses_the_password_of_somebody_else(log_in_again: LogInAgain, stranger: User) -> None:
    assert log_in_again(password="another pass phrase").status_code == 200


def test_stops_guessing_after_five_failures(log_in_again: LogInAgain) -> None:
    for _ in range(5):
        log_in_again(password="a guess")

    answer = log_in_again()

    assert answer.status_code == 200
    assert "Too many requests. Please wait a moment." in answer.content.decode()
    assert MandateAudit.objects.filter(action="user_login_failed").count() == 5


@pytest.mark.parametrize(
    "next_url", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:x()"]
)
def test_never_leads_to_another_site(
    log_in_again: LogInAgain, browser: Client, next_url: str
) -> None:
    assert 'href="/">Go back</a>' in browser.get(PATH, {"next": next_url}).content.decode()
    assert log_in_again(then=next_url)["Location"] == "/"


def test_is_a_log_in_for_whoever_is_logged_out(browser: Client) -> None:
    assert browser.get(f"{PATH}?next={LOGINS}")["Location"] == f"/auth?next={LOGINS}"
    assert browser.get(f"{PATH}?next=//evil.example")["Location"] == "/auth?next=/"
    assert browser.get(PATH)["Location"] == "/auth?next=/"


def test_needs_the_token_of_the_page(log_in: LogIn, browser: Client) -> None:
    log_in()

    assert browser.post(PATH, {"password": PASSWORD}).status_code == 403


@pytest.mark.parametrize("password", [PASSWORD, "not this one"])
def test_does_not_happen_where_it_cannot_be_recorded(
    log_in_again: LogInAgain, browser: Client, broken_ledger: None, password: str
) -> None:
    key = browser.cookies["sessionid"].value
    with time_machine.travel(timezone.now() + LATER):
        answer = log_in_again(password=password)

        assert answer.status_code == 503
        assert "We could not record this action" in answer.content.decode()
        assert browser.cookies["sessionid"].value == key
        assert delete_a_login(browser) == "reauthentication_required"
