"""Taking a bearer token where the password is not enough…"""

from typing import TYPE_CHECKING

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from audit.models import MandateAudit
from tests.accounts.conftest import PASSWORD, LogIn, post_form
from tests.accounts.two_steps import App, turn_on
from tests.credentials.conftest import ANOTHER_KEY

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

GOOD = {"email": "pat@example.com", "password": PASSWORD}


@pytest.fixture
def app(parent: User) -> App:
    """The parent's authenticator app."""
    return turn_on(parent)


def ask(**more: object) -> "Answer":
    """Return the answer to the password and what comes with it."""
    return Client().post("/api/v1/auth/token", GOOD | more, content_type="application/json")


def reasons() -> list[str]:
    rows = MandateAudit.objects.filter(action="user_login_failed").order_by("created_at")
    return [row.metadata["reason"] for row in rows]


def test_says_what_is_missing(app: App, parent: User) -> None:
    answer = ask()

    said = answer.json()
    assert (answer.status_code, said["code"]) == (401, "second_factor_required")
    assert said["detail"] == "Please also give the code from your authenticator app."
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert "access" not in said
    assert reasons() == ["no_code"]
    parent.refresh_from_db()
    assert parent.last_login is None


def test_says_no_more_than_that_to_a_wrong_password(app: App) -> None:
    for more in ({}, {"code": app.code()}):
        assert ask(password="a guess", **more).json()["code"] == "login_failed"


@pytest.mark.parametrize("kind", ["totp", "recovery_code"])
def test_gives_one_for_a_code_and_records_it(app: App, parent: User, kind: str) -> None:
    answer = ask(code=app.code() if kind == "totp" else app.recovery_codes[0])

    row = MandateAudit.objects.get(action="user_logged_in")
    assert answer.status_code == 200
    assert "access" in answer.json()
    assert (row.metadata["method"], row.metadata["second_factor"]) == ("jwt", kind)


def test_takes_a_code_once_wherever_it_was_used(app: App, log_in: LogIn, browser: Client) -> None:
    code = app.code()
    log_in()
    assert post_form(browser, "/auth/2fa", {"code": code}).status_code == 302

    answer = ask(code=code)

    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_refused")
    assert answer.json()["detail"] == "That code is not right, or it was used before."
    assert reasons() == ["code_refused"]


def test_counts_with_the_log_in_page(app: App, log_in: LogIn, browser: Client) -> None:
    log_in()
    for _ in range(3):
        post_form(browser, "/auth/2fa", {"code": app.wrong_code()})
    for _ in range(2):
        ask(code=app.wrong_code())

    answer = ask(code=app.code())

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("code", ["", "1" * 65, ["123456"], {"a": 1}, None])
def test_names_a_code_that_is_none(app: App, code: object) -> None:
    answer = ask(code=code)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"code"}


def test_needs_no_code_where_there_is_no_second_factor(parent: User) -> None:
    assert ask(code="123456").status_code == 200


def test_says_that_it_cannot_tell_where_the_key_is_missing(app: App, settings: Settings) -> None:
    settings.CRED_SEAL_KEY = ANOTHER_KEY

    answer = ask(code=app.code())

    assert (answer.status_code, answer.json()["code"]) == (503, "second_factor_unavailable")
    assert int(answer["Retry-After"]) > 0
    assert ask(code=app.recovery_codes[0]).status_code == 200


def test_does_not_happen_where_it_cannot_be_recorded(app: App, broken_ledger: None) -> None:
    before = list(Authenticator.objects.order_by("pk").values("data"))

    for more in ({}, {"code": app.code()}, {"code": app.wrong_code()}):
        answer = ask(**more)
        assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert list(Authenticator.objects.order_by("pk").values("data")) == before
