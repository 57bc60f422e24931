"""Asking the API for something, with a bearer token or a session…"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts import tokens
from accounts.authentication import JWTAuthentication, Login, SessionAuthentication
from accounts.models import User
from accounts.urls import api_urlpatterns
from accounts.views import MeView
from tests.accounts.conftest import LogIn

EXPIRED = ("session_expired", "Your session expired. Please log in again.")
PLEASE = ("not_authenticated", "Please log in.")
CHALLENGE = 'Bearer realm="signupassist"'
INVALID = 'Bearer realm="signupassist", error="invalid_token"'


class Probe(APIView):
    """Answers with how the request was authenticated, and on POST changes something."""

    authentication_classes = (JWTAuthentication, SessionAuthentication)

    def get(self, request: Request) -> Response:
        return Response({"login": request.auth, "who": request.user.pk})

    post = get


def bearer(user: User, at: datetime) -> dict[str, str]:
    """Return the header of somebody who took a token at this moment."""
    return {"authorization": f"Bearer {tokens.issue(user.pk, at=at)}"}


def refusal_of(browser: Client, **headers: str) -> tuple[int, tuple[str, str], str]:
    """Return what `GET /api/v1/me` refuses with: status, code and sentence, challenge."""
    answer = browser.get("/api/v1/me", headers=headers)
    said = answer.json()
    assert said["redirect"] == "/auth"
    return answer.status_code, (said["code"], said["detail"]), answer["WWW-Authenticate"]


def test_believes_a_bearer_token(browser: Client, parent: User) -> None:
    answer = browser.get("/api/v1/me", headers=bearer(parent, timezone.now()))

    assert answer.json() == {"id": str(parent.pk), "email": parent.email, "is_staff": False}


def test_tells_a_view_when_the_token_was_earned(parent: User, noon: datetime) -> None:
    request = APIRequestFactory().get("/", headers=bearer(parent, noon))

    with time_machine.travel(noon + timedelta(minutes=30), tick=False):
        answer = Probe.as_view()(request)

    assert answer.data == {"login": Login("jwt", noon), "who": parent.pk}


def test_tells_a_view_when_the_session_began(
    log_in: LogIn, browser: Client, parent: User, noon: datetime
) -> None:
    with time_machine.travel(noon, tick=False):
        log_in()
        request = APIRequestFactory().get("/")
        request.user, request.session = parent, browser.session
        answer = Probe.as_view()(request)

    assert answer.data == {"login": Login("session", noon), "who": parent.pk}


def test_takes_a_session_that_does_not_say_for_an_old_one(browser: Client, parent: User) -> None:
    browser.force_login(parent)
    request = APIRequestFactory().get("/")
    request.user, request.session = parent, browser.session

    login = Probe.as_view()(request).data["login"]

    assert login.authenticated_at == datetime.min.replace(tzinfo=UTC)


def test_asks_for_a_log_in_without_one(browser: Client) -> None:
    assert refusal_of(browser) == (401, PLEASE, CHALLENGE)


def test_says_so_when_the_hour_of_a_token_is_over(
    browser: Client, parent: User, noon: datetime
) -> None:
    header = bearer(parent, noon)

    with time_machine.travel(noon + timedelta(hours=1), tick=False):
        assert refusal_of(browser, **header) == (401, EXPIRED, INVALID)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "bearer x.y.z",
        "BEARER a b",
        "Bearer \xff",
        "Bearer " + "x" * 9000,
    ],
)
def test_refuses_any_other_bad_token_with_one_sentence(browser: Client, header: str) -> None:
    assert refusal_of(browser, authorization=header) == (401, PLEASE, INVALID)


@pytest.mark.parametrize("bad", ["Bearer x.y.z", "bearer", "Bearer a b"])
def test_never_falls_back_from_a_bad_token_to_the_cookie(
    log_in: LogIn, browser: Client, bad: str
) -> None:
    log_in()

    assert refusal_of(browser, authorization=bad) == (401, PLEASE, INVALID)


def test_leaves_other_schemes_to_whoever_asked_for_them(log_in: LogIn, browser: Client) -> None:
    log_in()

    answer = browser.get("/api/v1/me", headers={"authorization": "Basic cHJveHk6cHJveHk="})

    assert answer.status_code == 200


def test_prefers_the_token_to_the_cookie(log_in: LogIn, browser: Client, stranger: User) -> None:
    log_in()

    answer = browser.get("/api/v1/me", headers=bearer(stranger, timezone.now()))

    assert answer.json()["email"] == stranger.email


def test_ends_the_tokens_of_a_disabled_account_at_once(browser: Client, parent: User) -> None:
    header = bearer(parent, timezone.now())
    User.objects.filter(pk=parent.pk).update(is_active=False)

    assert refusal_of(browser, **header) == (401, EXPIRED, INVALID)


def test_ends_the_tokens_of_a_deleted_account(browser: Client, parent: User) -> None:
    header = bearer(parent, timezone.now())
    parent.delete()

    assert refusal_of(browser, **header) == (401, EXPIRED, INVALID)


def test_ends_the_session_of_a_disabled_account_at_once(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    log_in()
    User.objects.filter(pk=parent.pk).update(is_active=False)

    assert refusal_of(browser) == (401, EXPIRED, CHALLENGE)


def test_says_so_when_the_session_is_gone(log_in: LogIn, browser: Client) -> None:
    log_in()
    Session.objects.all().delete()

    assert refusal_of(browser) == (401, EXPIRED, CHALLENGE)
    assert refusal_of(browser) == (401, PLEASE, CHALLENGE), "the dead cookie was taken away"


def test_says_so_when_the_twelve_hours_are_over(log_in: LogIn, browser: Client) -> None:
    log_in()

    with time_machine.travel(timezone.now() + timedelta(hours=12, seconds=1)):
        assert refusal_of(browser) == (401, EXPIRED, CHALLENGE)


def test_says_so_when_the_password_was_changed_elsewhere(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    log_in()
    parent.set_password("a new pass phrase")
    parent.save()

    assert refusal_of(browser) == (401, EXPIRED, CHALLENGE)


@pytest.mark.parametrize("key", ["x", "never-heard-of-this-session-key-xx", "../../etc"])
def test_takes_an_invented_session_for_an_ended_one(browser: Client, key: str) -> None:
    browser.cookies["sessionid"] = key

    assert refusal_of(browser)[:2] == (401, EXPIRED)


def test_refuses_a_change_by_cookie_without_the_token_of_our_page(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    log_in()
    request = APIRequestFactory(enforce_csrf_checks=True).post("/")
    request.user, request.session = parent, browser.session

    answer = Probe.as_view()(request)

    assert (answer.status_code, answer.data["code"]) == (403, "csrf_failed")


def test_needs_no_such_token_beside_a_bearer_token(parent: User) -> None:
    request = APIRequestFactory(enforce_csrf_checks=True).post(
        "/", headers=bearer(parent, timezone.now())
    )

    assert Probe.as_view()(request).status_code == 200


def test_is_described_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    generator: Any = SchemaGenerator  # it has no types
    schema = generator(patterns=api_urlpatterns(MeView.as_view())).get_schema(public=True)

    schemes = schema["components"]["securitySchemes"]
    assert schemes["bearer"].items() >= {"scheme": "bearer", "bearerFormat": "JWT"}.items()
    assert schemes["session"]["name"] == "sessionid"
    assert schema["paths"]["/me"]["get"]["security"] == [{"bearer": []}, {"session": []}]
    assert schema["paths"]["/auth/token"]["post"].get("security", [{}]) == [{}]
    assert "Warning" not in capsys.readouterr().err
    assert json.dumps(schema)
