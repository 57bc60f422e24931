"""Whatever goes wrong below /api/…"""

import json
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from orchestrator.catalogue import CATALOGUE
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from tests.credentials.conftest import ANOTHER_KEY
from tests.orchestrator.chat import Chat

NOBODYS = "00000000-0000-4000-8000-000000000000"
MEMBERS = {
    "type",
    "title",
    "status",
    "detail",
    "code",
    "retryable",
    "cta",
    "redirect",
    "request_id",
}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/v1/nothing", 404, "not_found"),
        ("get", "/api/nothing", 404, "not_found"),
        ("get", "/api/v1/sessions/", 404, "not_found"),
        ("get", "/api/v1/sessions/not-a-uuid", 404, "not_found"),
        ("put", "/api/v1/sessions", 405, "method_not_allowed"),
        ("get", "/api/v1/auth/token", 405, "method_not_allowed"),
        ("get", f"/api/v1/submissions/{NOBODYS}", 404, "not_found"),
        ("delete", f"/api/v1/credentials/{NOBODYS}", 403, "reauthentication_required"),
    ],
)
def test_answers_a_problem(chat: Chat, method: str, path: str, status: int, code: str) -> None:
    answer = chat.client.generic(method.upper(), path)
    body = answer.json()
    assert (answer.status_code, body["code"], body["status"]) == (status, code, status)
    assert answer["Content-Type"] == "application/problem+json"
    assert set(body) >= MEMBERS
    assert body["request_id"] == answer["X-Request-ID"]


def test_takes_json_alone(chat: Chat) -> None:
    answer = chat.client.post("/api/v1/sessions", "a=1", content_type="text/plain")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"message": "a", "message": "b"}',
        b'{"message": NaN}',
        b'{"message": "\\u0000"}',
        b'{"message": "\\ud800"}',
        b"[" * 20_000,
        b'{"message": 1e999}',
        b"\xff",
        b'"text"',
        b"[1]",
        b"null",
    ],
)
def test_refuses_what_is_no_acceptable_json(chat: Chat, body: bytes) -> None:
    chat.begin()
    path = f"/api/v1/sessions/{chat.id}/messages"
    raw = Client()
    raw.force_login(chat.user)
    answer = raw.post(path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_refuses_too_large_a_body(chat: Chat) -> None:
    chat.begin()
    body = json.dumps({"message": "x" * 300_000})
    path = f"/api/v1/sessions/{chat.id}/messages"
    answer = chat.client.generic("POST", path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def test_refuses_a_cursor_that_is_none(chat: Chat) -> None:
    for path in ("sessions", "submissions", "credentials"):
        answer = chat.client.get(f"/api/v1/{path}?cursor=zzz")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert "cursor" in answer.json()["errors"]


def test_asks_for_a_log_in(db: None) -> None:
    answer = APIClient().get("/api/v1/sessions")
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Please log in."
    assert answer.json()["redirect"] == "/auth"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_tells_no_stranger_that_a_session_exists(
    chat: Chat, stranger: User, client_of: Callable[[User], APIClient]
) -> None:
    chat.begin()
    theirs = client_of(stranger)

    def answers(session_id: str) -> list[tuple[int, dict[str, object]]]:
        path = f"/api/v1/sessions/{session_id}"
        asked = [
            theirs.get(path),
            theirs.delete(path),
            theirs.post(f"{path}/messages", {"message": "x"}),
            theirs.post(f"{path}/actions", {"action": "retry_search"}),
            theirs.post(f"{path}/actions", {"action": "reset"}),
        ]
        return [(answer.status_code, {**answer.json(), "request_id": None}) for answer in asked]

    foreign, unknown = answers(chat.id), answers(str(uuid4()))
    assert foreign == unknown
    assert {status for status, _ in foreign} == {404}


def test_answers_in_json_where_a_form_lacks_its_token(parent: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(parent)
    answer = client.post("/api/v1/sessions", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


@pytest.mark.once
def test_has_a_sentence_for_every_code() -> None:
    for code, entry in CATALOGUE.items():
        assert entry.sentence.endswith((".", "!")), code
        assert 200 <= entry.status < 600


@pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
def test_answers_unknown_paths_in_json_while_developing(
    settings: Settings, client: Client, db: None, method: str
) -> None:
    settings.DEBUG = True
    answer = getattr(client, method)("/api/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_begins_no_session_from_a_list(chat: Chat) -> None:
    assert chat.client.post("/api/v1/sessions", []).status_code == 400


@pytest.mark.parametrize("is_damaged", [False, True])
def test_lets_a_parent_leave_a_signup_that_cannot_be_read(
    chat: Chat, settings: Settings, is_damaged: bool
) -> None:
    chat.walk_to("form_fill")
    if is_damaged:
        SessionTurn.objects.update(body="sa1.0000000000000000.AAAA")
        AgenticCheckoutSession.objects.update(state={})
        expected = (500, "credential_unreadable", "This signup cannot be read any more.")
    else:
        settings.CRED_SEAL_KEY = ANOTHER_KEY
        expected = (503, "key_unavailable", "This signup cannot be read right now.")
    chat.read()
    detail = f"{chat.last['detail'].partition('.')[0]}."
    assert (chat.status, chat.last["code"], detail) == expected
    assert [button["action"] for button in chat.last["cta"]] == ["reset"]

    anew = chat.press("reset")

    assert (chat.status, anew["session"]["step"]) == (200, "provider_search")
    assert anew["session"]["id"] != chat.id


@pytest.fixture
def without_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database be gone as soon as somebody is to be recognised by a cookie."""

    def refuse(*_: object) -> None:
        raise OperationalError("canary: host and user of the database")

    monkeypatch.setattr(SessionStore, "load", refuse)


@pytest.mark.parametrize("debug", [False, True])
def test_says_that_the_database_is_gone_before_anybody_is_recognised(
    parent: User, settings: Settings, without_sessions: None, debug: bool
) -> None:
    settings.DEBUG = debug
    browser = Client(raise_request_exception=False)
    browser.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    for method, code in (("GET", "database_unavailable"), ("POST", "audit_unavailable")):
        for path in ("sessions", "credentials"):
            answer = browser.generic(method, f"/api/v1/{path}")
            assert (answer.status_code, answer.json()["code"]) == (503, code)
            assert answer["Content-Type"] == "application/problem+json"
            assert answer["Retry-After"] == "10"
            assert b"canary" not in answer.content


def test_shows_a_page_while_the_database_is_gone(
    parent: User, settings: Settings, without_sessions: None
) -> None:
    browser = Client(raise_request_exception=False)
    browser.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    answer = browser.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "We cannot reach our records right now." in answer.content.decode()
