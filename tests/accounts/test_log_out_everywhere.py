"""Logging out everywhere…"""

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import tokens
from accounts.models import User
from audit.models import MandateAudit
from tests.accounts.conftest import PASSWORD, LogIn, post_form

PATH = "/auth/security/everywhere"
EXPIRED = "Your session expired. Please log in again."


def end_all(browser: Client) -> str:
    """Press the button, which stands on another page; return where it leads."""
    token = browser.cookies["csrftoken"].value
    return browser.post(PATH, {"csrfmiddlewaretoken": token})["Location"]


def test_ends_sessions_and_tokens_and_records_it(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    log_in()
    elsewhere = Client()
    elsewhere.force_login(parent)
    bearer = {"authorization": f"Bearer {tokens.issue(parent.pk, at=timezone.now())}"}
    assert elsewhere.get("/api/v1/me").status_code == 200

    assert end_all(browser) == "/auth"

    row = MandateAudit.objects.latest("created_at")
    assert "You are logged out everywhere." in browser.get("/auth").content.decode()
    for answer in (
        elsewhere.get("/api/v1/me"),
        Client().get("/api/v1/me", headers=bearer),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (401, EXPIRED)
    assert (row.action, row.user_id, row.actor) == (
        "user_logins_ended",
        parent.pk,
        f"user:{parent.pk}",
    )


def test_says_so_on_the_pages_of_other_devices(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    log_in()
    elsewhere = Client()
    elsewhere.force_login(parent)

    end_all(browser)

    answer = elsewhere.get("/mandates-audit", follow=True)
    assert answer.redirect_chain == [("/auth?next=/mandates-audit", 302)]
    assert answer.content.decode().count(EXPIRED) == 1


def test_lets_its_person_in_again_at_once(log_in: LogIn, browser: Client, parent: User) -> None:
    log_in()
    with time_machine.travel(timezone.now(), tick=False):
        end_all(browser)
        log_in()
        said = {"email": parent.email, "password": PASSWORD}
        token = Client().post("/api/v1/auth/token", said, "application/json").json()["access"]
        bearer = {"authorization": f"Bearer {token}"}

        assert browser.get("/api/v1/me").status_code == 200
        assert Client().get("/api/v1/me", headers=bearer).status_code == 200


def test_leaves_everybody_else_alone(
    log_in: LogIn, browser: Client, stranger: User, parent: User
) -> None:
    log_in()
    other = Client()
    other.force_login(stranger)

    end_all(browser)

    assert other.get("/api/v1/me").status_code == 200


def test_ends_sessions_of_an_older_secret_key_too(
    log_in: LogIn, browser: Client, parent: User, settings: Settings
) -> None:
    log_in()
    elsewhere = Client()
    elsewhere.force_login(parent)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]

    end_all(browser)

    assert elsewhere.get("/api/v1/me").status_code == 401


def test_leaves_sessions_that_began_before_anybody_could(parent: User) -> None:
    """So that nobody is logged out by the update that brings this in."""
    begun = Client()
    begun.force_login(parent)
    django_alone = super(User, parent).get_session_auth_hash()

    assert begun.session["_auth_user_hash"] == django_alone


def test_needs_a_log_in_a_button_and_its_token(log_in: LogIn, browser: Client) -> None:
    log_in()

    assert Client().post(PATH)["Location"] == f"/auth?next={PATH}"
    assert browser.post(PATH).status_code == 403
    assert browser.get(PATH)["Location"] == "/auth/security"
    assert browser.get("/api/v1/me").status_code == 200


def test_does_not_happen_where_it_cannot_be_recorded(
    log_in: LogIn, browser: Client, request: pytest.FixtureRequest, parent: User
) -> None:
    log_in()
    request.getfixturevalue("broken_ledger")

    assert post_form(browser, "/auth/security/password", {}).status_code == 200
    token = browser.cookies["csrftoken"].value
    assert browser.post(PATH, {"csrfmiddlewaretoken": token}).status_code == 503

    parent.refresh_from_db()
    assert parent.logins_valid_from is None
    assert browser.get("/api/v1/me").status_code == 200


def test_holds_while_an_older_secret_key_still_counts(parent: User, settings: Settings) -> None:
    session = Client()
    session.force_login(parent)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next one, which nobody has signed anything with so far"
    assert session.get("/api/v1/me").status_code == 200

    User.objects.filter(pk=parent.pk).update(logins_valid_from=timezone.now())

    assert session.get("/api/v1/me").status_code == 401
