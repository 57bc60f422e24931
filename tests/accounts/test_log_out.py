"""Logging out…"""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import User
from audit.models import MandateAudit
from tests.accounts.conftest import LogIn, post_form


def test_ends_the_session_and_records_it(log_in: LogIn, browser: Client, parent: User) -> None:
    log_in()

    answer = post_form(browser, "/auth/logout", {})

    row = MandateAudit.objects.get(action="user_logged_out")
    assert (answer.status_code, answer["Location"]) == (302, "/auth")
    assert (row.user_id, row.actor) == (parent.pk, f"user:{parent.pk}")
    assert not Session.objects.exists()
    assert "You are logged out." in browser.get("/auth").content.decode()


def test_ends_the_session_for_a_copied_cookie_too(log_in: LogIn, browser: Client) -> None:
    log_in()
    thief = Client()
    thief.cookies["sessionid"] = browser.cookies["sessionid"].value

    post_form(browser, "/auth/logout", {})

    assert thief.get("/api/v1/me").status_code == 401


def test_asks_first_when_it_was_only_a_link(log_in: LogIn, browser: Client) -> None:
    log_in()

    page = browser.get("/auth/logout")

    assert page.status_code == 200
    assert '<form method="post" action="/auth/logout">' in page.content.decode()
    assert browser.get("/api/v1/me").status_code == 200


def test_needs_the_token_of_a_page(log_in: LogIn, browser: Client) -> None:
    log_in()

    assert browser.post("/auth/logout").status_code == 403
    assert browser.get("/api/v1/me").status_code == 200


def test_leaves_no_record_of_nobody(browser: Client) -> None:
    assert browser.get("/auth/logout")["Location"] == "/auth"
    assert Client().post("/auth/logout")["Location"] == "/auth"
    assert not MandateAudit.objects.exists()


def test_does_not_happen_where_it_cannot_be_recorded(
    log_in: LogIn, browser: Client, request: pytest.FixtureRequest
) -> None:
    log_in()
    request.getfixturevalue("broken_ledger")

    answer = post_form(browser, "/auth/logout", {})

    assert answer.status_code == 503
    assert browser.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/security/everywhere"])
def test_leaves_nothing_in_the_browser(log_in: LogIn, browser: Client, path: str) -> None:
    log_in()

    assert post_form(browser, path, {})["Clear-Site-Data"] == '"cache", "storage"'
