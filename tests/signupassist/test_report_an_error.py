"""An error report…"""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.utils.html import escape
from django.utils.log import AdminEmailHandler

from audit import opened
from signupassist.reports import Report

pytestmark = pytest.mark.once
SECRET = 'Nightjar "7319" & Gämse'


@pytest.fixture
def mails() -> Iterator[list[str]]:
    """What is mailed about errors, in words and as HTML."""
    sent: list[str] = []

    class Keeping(AdminEmailHandler):
        def send_mail(self, subject: Any, message: Any, *args: Any, **kwargs: Any) -> None:
            sent.append(f"{subject}\n{message}\n{kwargs['html_message']}")

    handler = Keeping(include_html=True)
    logging.getLogger("django").addHandler(handler)
    yield sent
    logging.getLogger("django").removeHandler(handler)


@pytest.fixture
def break_the_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the log-in break with all that was typed in its hands."""

    def broken(_: Any, request: HttpRequest, **typed: str) -> None:
        at_hand = list(typed.values())
        raise RuntimeError(f"broken for a test: {at_hand}")

    monkeypatch.setattr("accounts.adapter.AccountAdapter.authenticate", broken)


def log_in(password: str) -> Any:
    browser = Client(raise_request_exception=False)
    return browser.post("/auth", {"login": "pat@example.com", "password": password})


def test_says_where_it_broke_and_nothing_that_was_typed(
    db: None, mails: list[str], break_the_log_in: None
) -> None:
    answer = log_in(SECRET)

    assert answer.status_code == 500
    assert "Nightjar" not in answer.content.decode()
    assert len(mails) == 1
    assert "Internal Server Error: /auth" in mails[0]
    assert "RuntimeError: broken for a test" in mails[0]
    assert "Nightjar" not in mails[0]
    assert "7319" not in mails[0]
    assert "pat@example.com" not in mails[0]
    assert "csrfmiddlewaretoken" not in mails[0]


def test_names_the_request_but_no_setting_and_no_cookie(
    db: None, mails: list[str], break_the_log_in: None
) -> None:
    request_id = log_in(SECRET).headers["X-Request-ID"]

    assert f"POST /auth\nRequest {request_id}" in mails[0]
    assert "CRED_SEAL_KEY" not in mails[0]
    assert "HTTP_COOKIE" not in mails[0]


def test_of_a_line_without_an_error_is_the_line(mails: list[str]) -> None:
    opened.remember(SECRET)

    logging.getLogger("django").error("broken: %s", SECRET)

    assert "broken: [sealed]" in mails[0]
    assert "Nightjar" not in mails[0]


@override_settings(DEBUG=True)
def test_shows_everything_in_development_but_what_is_open() -> None:
    opened.remember(SECRET)
    secret_at_hand = {"password": SECRET, "harmless": "shown"}
    try:
        raise RuntimeError(f"broken: {secret_at_hand}")
    except RuntimeError as error:
        request = RequestFactory().get("/")
        report = Report(request, RuntimeError, error, error.__traceback__)

    for told in (report.get_traceback_html(), report.get_traceback_text()):
        assert SECRET not in told
        assert escape(SECRET) not in told
        assert "[sealed]" in told
    assert "shown" in report.get_traceback_html()
