"""Taking a bearer token (`POST /api/v1/auth/token`)…"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import tokens
from accounts.adapter import AccountAdapter
from accounts.models import User
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from tests.accounts.conftest import PASSWORD, LogIn

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

GOOD = {"email": "pat@example.com", "password": PASSWORD}


def ask(body: Any, **headers: str) -> "Answer":
    """Return the answer to the body, asked without any cookie."""
    client = Client(enforce_csrf_checks=True)
    return client.post("/api/v1/auth/token", body, content_type="application/json", headers=headers)


def test_gives_one_for_an_hour_and_records_the_log_in(parent: User) -> None:
    answer = ask(GOOD)

    said, row = answer.json(), MandateAudit.objects.get()
    assert answer.status_code == 200
    assert (said["token_type"], said["expires_in"]) == ("Bearer", 3600)
    assert sorted(said) == ["access", "expires_in", "token_type"]
    assert tokens.verify(said["access"], at=timezone.now()).user_id == parent.pk
    assert answer["Cache-Control"] == "no-store"
    assert (row.action, row.actor) == ("user_logged_in", f"user:{parent.pk}")
    assert row.metadata["method"] == "jwt"
    parent.refresh_from_db()
    assert parent.last_login == row.created_at


def test_gives_no_session_with_it(parent: User) -> None:
    assert not ask(GOOD).cookies
    assert not Session.objects.exists()


@pytest.mark.parametrize("email", ["pat@example.com", "nobody@example.com"])
def test_refuses_a_wrong_password_and_an_unknown_e_mail_alike(parent: User, email: str) -> None:
    answer = ask({"email": email, "password": "not this one"})

    assert answer.status_code == 401
    assert answer.json()["detail"] == "That e-mail and password do not match."
    assert answer["WWW-Authenticate"] == 'Bearer realm="signupassist"'
    assert MandateAudit.objects.get().actor == "anonymous"
    assert answer.json()["code"] == "login_failed"


def test_refuses_a_disabled_account_alike(parent: User) -> None:
    User.objects.filter(pk=parent.pk).update(is_active=False)

    assert ask(GOOD).status_code == 401


def test_counts_with_the_log_in_page(log_in: LogIn) -> None:
    for _ in range(3):
        log_in(password="a guess")
    for _ in range(2):
        ask(GOOD | {"password": "a guess"})

    answer = ask(GOOD)

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["detail"] == "Too many requests. Please wait a moment."
    assert answer.json()["code"] == "rate_limited"


def test_takes_only_so_many_a_minute_from_one_address(parent: User, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip"}

    answers = [ask(GOOD).status_code for _ in range(4)]

    assert answers == [200] * 3 + [429]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email", "password"}),
        ({"email": "pat@example.com"}, {"password"}),
        (GOOD | {"email": "no e-mail"}, {"email"}),
        (GOOD | {"email": ["pat@example.com"]}, {"email"}),
        (GOOD | {"password": "x" * 1025}, {"password"}),
        (GOOD | {"password": {"a": 1}}, {"password"}),
        (GOOD | {"remember": True, "is_staff": True}, {"remember", "is_staff"}),
        ({"user_id": "1", "password": ""}, {"user_id", "email", "password"}),
    ],
)
def test_names_every_field_that_is_wrong(parent: User, body: Any, fields: set[str]) -> None:
    answer = ask(body)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == fields
    assert not MandateAudit.objects.exists()


def test_takes_the_password_as_it_was_typed(parent: User) -> None:
    parent.set_password("  spaces around ")
    parent.save()

    assert ask(GOOD | {"password": "  spaces around "}).status_code == 200
    assert ask(GOOD | {"password": "spaces around"}).status_code == 401


def test_pays_no_heed_to_a_token_that_came_along(parent: User) -> None:
    assert ask(GOOD, authorization="Bearer nonsense").status_code == 200


def test_does_not_happen_where_it_cannot_be_recorded(
    parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**kwargs: Any) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr("audit.services.record", refuse)
    client = Client(raise_request_exception=False)

    answer = client.post("/api/v1/auth/token", GOOD, content_type="application/json")

    parent.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert "access" not in answer.json()
    assert parent.last_login is None


def test_is_refused_where_the_password_was_changed_while_it_was_checked(
    parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change() -> None:
        changed = User.objects.get()
        changed.set_password("quite another phrase")
        changed.save(update_fields=["password"])

    _after_the_check(monkeypatch, change)

    assert ask(GOOD).json()["code"] == "login_failed"
    assert not MandateAudit.objects.exists()


def test_is_refused_where_the_account_went_while_it_was_checked(
    parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _after_the_check(monkeypatch, User.objects.all().delete)

    assert ask(GOOD).json()["code"] == "login_failed"


def test_counts_from_before_the_check(parent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def log_out_everywhere() -> None:
        User.objects.update(logins_valid_from=timezone.now())

    _after_the_check(monkeypatch, log_out_everywhere)

    token = ask(GOOD).json()["access"]
    answer = Client().get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
    assert answer.json()["code"] == "session_expired"


def test_counts_as_a_failure_for_a_disabled_account(parent: User) -> None:
    User.objects.update(is_active=False)

    assert [ask(GOOD).status_code for _ in range(6)] == [401] * 5 + [429]


def _after_the_check(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen right after a password was found to be right."""
    check = AccountAdapter.authenticate

    def slow(self: AccountAdapter, request: HttpRequest, **typed: Any) -> User | None:
        user = check(self, request, **typed)
        happens()
        return user

    monkeypatch.setattr(AccountAdapter, "authenticate", slow)
