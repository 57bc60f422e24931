"""A login in plain text leaves no trace…"""

import base64
import html
import json
import logging
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.views.debug import ExceptionReporter
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User
from credentials import services
from tests.orchestrator.chat import ANSWERS, Chat

EMAIL = "nightjar.canary@ski.example"
PASSWORD = 'Nightjar "7319" & Gämse'
SECRETS = (EMAIL, PASSWORD)
LOGIN: dict[str, Any] = {
    "alias": "Ours",
    "provider": "skiclubpro",
    "org_ref": "blackhawk-ski",
    "email": EMAIL,
    "password": PASSWORD,
}


class Listening(APIClient):
    """A client of the API that keeps everything it was answered."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self.heard: list[str] = []
        token = tokens.issue(user.pk, at=timezone.now())
        self.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def request(self, **kwargs: Any) -> Any:
        answer = super().request(**kwargs)
        body = b"".join(answer) if answer.streaming else answer.content
        self.heard.append(f"{answer.headers} {body.decode()}")
        return answer


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that is logged, by whomever."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


@pytest.fixture
def client(parent: User) -> Listening:
    return Listening(parent)


@pytest.fixture
def chat(parent: User, client: Listening) -> Chat:
    return Chat(parent, client)


def spellings(secret: str) -> set[str]:
    """Return what a secret looks like in the usual encodings, wherever it begins."""
    raw = secret.encode()
    base64s = {
        encode(b"\0" * shift + raw).decode()[4:].rstrip("=")[:-1]
        for shift in range(3)
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
    }
    escaped = {json.dumps(secret)[1:-1], repr(raw)[2:-1], html.escape(secret)}
    return {secret, raw.hex(), quote(secret), quote_plus(secret)} | base64s | escaped


def found_in(text: str, secrets: Iterable[str] = SECRETS) -> list[str]:
    return [one for secret in secrets for one in spellings(secret) if one in text]


def logged(log: pytest.LogCaptureFixture) -> str:
    return log.text + "".join(f"{record.__dict__}" for record in log.records)


def tables() -> dict[str, str]:
    """Return what every table of the database holds, as text."""
    with connection.cursor() as cursor:
        held = {}
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{name}"')  # noqa: S608  names that the database gave
            held[name] = "\n".join(
                str(bytes(value) if isinstance(value, memoryview) else value)
                for row in cursor.fetchall()
                for value in row
            )
    return held


def admin_pages(staff: User) -> dict[str, str]:
    """Return every page that the admin has, by its path."""
    browser, pages = Client(), {}
    browser.force_login(staff)
    paths = [reverse("admin:index")]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        paths.append(reverse(f"{name}_changelist"))
        for key in model._default_manager.values_list("pk", flat=True)[:50]:
            paths += [reverse(f"{name}_{page}", args=[key]) for page in ("change", "history")]
    for path in paths:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        pages[path] = answer.content.decode()
    return pages


def sign_up(chat: Chat) -> str:
    """Walk a whole signup with the canary's login; return the login's id."""
    chat.walk_to("login")
    chat.press("connect_account")
    credential_id = chat.save_login(PASSWORD, email=EMAIL)
    chat.press("credentials_submitted", credential_id=credential_id)
    chat.walk_to("completed")
    return credential_id


def test_of_a_whole_signup(
    chat: Chat, client: Listening, staff: User, log: pytest.LogCaptureFixture
) -> None:
    credential_id = sign_up(chat)
    for path in ("me", "credentials", "sessions", "submissions", "audit", f"sessions/{chat.id}"):
        assert client.get(f"/api/v1/{path}").status_code == 200
    before, client.heard = client.heard, []
    revealed = client.post(f"/api/v1/credentials/{credential_id}/reveal").json()
    pages = admin_pages(staff)

    assert chat.last["session"]["status"] == "completed"
    assert (revealed["email"], revealed["password"]) == SECRETS  # the canary was alive
    assert found_in("".join(before)) == []
    assert {name for name, held in tables().items() if found_in(held)} == set()
    assert {path for path, page in pages.items() if found_in(page)} == set()
    assert found_in(logged(log)) == []


def test_of_what_was_answered_about_a_child_either(
    chat: Chat, staff: User, log: pytest.LogCaptureFixture
) -> None:
    sign_up(chat)

    child = ANSWERS.values()
    assert {name for name, held in tables().items() if found_in(held, child)} == set()
    pages = admin_pages(staff)
    assert {path for path, page in pages.items() if found_in(page, child)} == set()
    assert found_in(logged(log), child) == []


def test_where_the_provider_refuses_it_and_it_is_replaced_and_deleted(
    chat: Chat, client: Listening, staff: User, log: pytest.LogCaptureFixture
) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login("wrong-password", email=EMAIL)
    chat.press("credentials_submitted", credential_id=credential_id)
    refused = chat.last
    taken = client.post("/api/v1/credentials", LOGIN)
    chat.save_login(PASSWORD, email=EMAIL, replace=True)
    chat.press("credentials_submitted", credential_id=credential_id)
    assert client.delete(f"/api/v1/credentials/{credential_id}").status_code == 204
    chat.press("select_program", program_ref="blackhawk-saturday-nordic")

    assert (refused["code"], chat.last["code"]) == ("login_failed", "action_not_available")
    assert taken.json()["code"] == "credential_exists"
    assert found_in("".join(client.heard)) == []
    assert {name for name, held in tables().items() if found_in(held)} == set()
    pages = admin_pages(staff)
    assert {path for path, page in pages.items() if found_in(page)} == set()
    assert found_in(logged(log)) == []


@pytest.mark.parametrize(
    "name",
    [
        "credentials.sealing._pad",
        "credentials.sealing._derive",
        "credentials.sealing.AESGCM",
        "credentials.services.record",
        "credentials.views.CredentialOutput",
    ],
)
def test_where_saving_it_breaks(
    client: Listening,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setattr(name, _break)

    answer = client.post("/api/v1/credentials", LOGIN)

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert found_in("".join(client.heard)) == []
    assert found_in(logged(log)) == []
    assert found_in(reports(log)) == []


@pytest.mark.parametrize(
    "name",
    [
        "credentials.sealing._unpad",
        "credentials.services.record",
        "credentials.services.OpenedLogin",
        "credentials.views.Response",
    ],
)
def test_where_revealing_it_breaks(
    client: Listening,
    parent: User,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    login, _ = services.store(
        **LOGIN, user_id=parent.pk, session_id=None, replace=False, at=timezone.now()
    )
    monkeypatch.setattr(name, _break)

    answer = client.post(f"/api/v1/credentials/{login.pk}/reveal")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert found_in("".join(client.heard)) == []
    assert found_in(logged(log)) == []
    assert found_in(reports(log)) == []


@pytest.mark.parametrize(
    "name",
    [
        "orchestrator.tools.mock.tools.catalogue.provider",
        "orchestrator.tools.toolbox.contract.parse",
        "orchestrator.services.turns.assemble",
    ],
)
def test_where_a_tool_breaks_that_got_it(
    chat: Chat,
    client: Listening,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login(PASSWORD, email=EMAIL)
    monkeypatch.setattr(name, _break)

    chat.press("credentials_submitted", credential_id=credential_id)

    assert (chat.status, chat.last["code"]) == (500, "internal_error")
    assert found_in("".join(client.heard)) == []
    assert {table for table, held in tables().items() if found_in(held)} == set()
    assert found_in(logged(log)) == []


def reports(log: pytest.LogCaptureFixture) -> str:
    """Return what an error report with local variables would tell of the errors in the log."""
    told = ""
    for record in log.records:
        if record.exc_info:
            reporter = ExceptionReporter(None, *record.exc_info)
            told += reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "broken for a test" in told
    return told


def _break(*_: Any, **__: Any) -> Any:
    raise RuntimeError("broken for a test")
