"""Refusals and failures that are recorded survive what they undid: there is a row…

Each test looks through a connection of its own, so that nothing counts but what was committed.
"""

from collections.abc import Callable
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User
from accounts.services import second_factor
from accounts.services.second_factor import CodeRefusedError, GoodCode
from audit.models import MandateAudit
from credentials import services
from credentials.models import StoredCredential
from credentials.sealing import Place
from orchestrator.models import RegistrationSubmission
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolTimeoutError, ToolUnavailableError
from orchestrator.tools.mock.tools import MockTools
from sessions_store.models import AgenticCheckoutSession
from tests.credentials.conftest import LOGIN
from tests.orchestrator.chat import FULL, Chat

pytestmark = pytest.mark.django_db(transaction=True)


def committed(action: str) -> list[dict[str, Any]]:
    """Return what was recorded of an action, as somebody else sees it."""
    assert not connection.in_atomic_block
    connection.close()  # with it goes whatever was not committed
    return list(MandateAudit.objects.filter(action=action).values_list("metadata", flat=True))


@pytest.fixture
def client(parent: User) -> APIClient:
    """A client whose parent has just logged in."""
    client = APIClient()
    token = tokens.issue(parent.pk, at=timezone.now())
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def login(parent: User) -> StoredCredential:
    saved: dict[str, Any] = {"session_id": None, "replace": False, "at": timezone.now()}
    return services.store(user_id=parent.pk, **LOGIN | saved)[0]


@pytest.fixture
def chat(parent: User, client: APIClient) -> Chat:
    return Chat(parent, client)


def test_of_a_log_in_that_failed_on_the_page(parent: User) -> None:
    form = {"login": parent.email, "password": "not this one"}

    answer = Client().post("/auth", form)

    assert answer.status_code in {200, 400, 401}
    assert len(committed("user_login_failed")) == 1


@pytest.mark.parametrize("email", ["pat@example.com", "nobody@example.com"])
def test_of_a_token_that_was_refused(parent: User, email: str) -> None:
    body = {"email": email, "password": "not this one"}

    assert APIClient().post("/api/v1/auth/token", body).status_code == 401
    assert len(committed("user_login_failed")) == 1


@pytest.mark.parametrize(
    ("code", "recognise", "reason"),
    [
        ({}, {}, "no_code"),
        ({"code": "123456"}, {"side_effect": CodeRefusedError}, "code_refused"),
        # right when it was looked at, and spent before the log-in's own transaction came to it
        ({"code": "123456"}, {"return_value": GoodCode(1, 1, "totp", step=1)}, "code_refused"),
    ],
    ids=["missing", "wrong", "spent meanwhile"],
)
def test_of_a_code_that_was_refused(
    parent: User, code: dict[str, str], recognise: dict[str, Any], reason: str
) -> None:
    parent.set_password("skis in the cellar")
    parent.save()
    body = {"email": parent.email, "password": "skis in the cellar"}

    with (
        mock.patch.object(second_factor, "is_on", return_value=True),
        mock.patch.object(second_factor, "recognise", **recognise),
    ):
        answer = APIClient().post("/api/v1/auth/token", body | code)

    assert answer.status_code == 401
    assert [row["reason"] for row in committed("user_login_failed")] == [reason]
    assert committed("user_logged_in") == []


def test_of_a_login_that_is_not_theirs(client: APIClient) -> None:
    answer = client.post(f"/api/v1/credentials/{uuid4()}/reveal")

    assert answer.status_code == 404
    assert len(committed("credentials_access_denied")) == 1


def test_of_one_reveal_too_many(client: APIClient, login: StoredCredential, settings: Any) -> None:
    settings.REVEALS_PER_HOUR = 0

    assert client.post(f"/api/v1/credentials/{login.pk}/reveal").status_code == 429
    assert [row["reason"] for row in committed("credentials_access_denied")] == ["budget"]


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (services.KeyUnavailableError, 503, "key_unavailable"),
        (services.CredentialUnreadableError, 500, "unreadable"),
    ],
)
def test_of_a_login_that_could_not_be_opened(
    client: APIClient, login: StoredCredential, error: type[Exception], status: int, reason: str
) -> None:
    client.raise_request_exception = False

    with mock.patch.object(services, "_unsealed", side_effect=error("it")):
        answer = client.post(f"/api/v1/credentials/{login.pk}/reveal")

    assert answer.status_code == status
    assert [row["reason"] for row in committed("credentials_access_failed")] == [reason]


def test_of_a_tool_that_refused_the_login(chat: Chat) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login("wrong-password")

    chat.press("credentials_submitted", credential_id=credential_id)

    assert chat.status >= 400
    assert [row["error_code"] for row in committed("tool_failed")] == ["login_failed"]


@pytest.mark.parametrize(
    ("broken", "outcome"),
    [
        ("orchestrator.services.turns.finish", "tool_succeeded"),
        ("orchestrator.services.calls._without_echoes", "tool_succeeded"),
        ("orchestrator.tools.mock.tools.MockTools.call", "tool_failed"),
    ],
)
def test_of_a_call_whose_turn_broke_and_was_undone(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, broken: str, outcome: str
) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login()
    chat.client.raise_request_exception = False
    before = len(committed(outcome))
    monkeypatch.setattr(broken, mock.Mock(side_effect=RuntimeError("a flaw")))

    chat.press("credentials_submitted", credential_id=credential_id)

    assert chat.status == 500
    assert len(committed("credentials_accessed")) == 1, "the intent"
    assert len(committed(outcome)) == before + 1, "and the outcome"
    assert AgenticCheckoutSession.objects.get().step == "login"


def refusing(chat: Chat, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Confirm a registration to which the provider answers with this."""
    real = MockTools.call

    def call(self: MockTools, tool: Tool, args: Any) -> Any:
        if tool is Tool.SUBMIT_REGISTRATION:
            raise error
        return real(self, tool, args)

    chat.walk_to("confirmation")
    monkeypatch.setattr(MockTools, "call", call)
    chat.press("confirm_registration", summary=chat.summary)


def sent_maybe(error: Any) -> Exception:
    """Return an error after which nobody knows."""
    error.maybe_sent = True
    found: Exception = error
    return found


@pytest.mark.parametrize(
    ("error", "status", "action"),
    [
        (lambda: ToolUnavailableError(), 503, "registration_not_sent"),
        (lambda: sent_maybe(ToolTimeoutError()), 202, "registration_outcome_unknown"),
        (lambda: RuntimeError("a flaw"), 202, "registration_outcome_unknown"),
    ],
)
def test_of_a_registration_that_did_not_come_to_a_yes(
    chat: Chat,
    monkeypatch: pytest.MonkeyPatch,
    error: Callable[[], Exception],
    status: int,
    action: str,
) -> None:
    refusing(chat, monkeypatch, error())

    assert chat.status == status
    assert len(committed("registration_submitted")) == 1, "the intent"
    assert len(committed(action)) == 1, "and the outcome"
    assert len(committed("tool_failed")) == 1


def test_of_a_registration_that_was_refused(chat: Chat) -> None:
    chat.walk_to("confirmation", program=FULL)
    chat.press("confirm_registration", summary=chat.summary)

    assert chat.status == 422
    assert [row["error_code"] for row in committed("registration_rejected")] == ["program_full"]


def test_of_a_registration_for_which_no_login_could_be_opened(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    real = services._unsealed

    def damaged(text: str, place: Place) -> Any:
        if place.table == "stored_credentials":
            raise services.CredentialUnreadableError("it")
        return real(text, place)

    monkeypatch.setattr(services, "_unsealed", damaged)

    chat.press("confirm_registration", summary=chat.summary)

    assert chat.status >= 400
    assert RegistrationSubmission.objects.get().status == "not_created"
    assert len(committed("credentials_access_failed")) == 1
    assert len(committed("registration_not_sent")) == 1


def test_of_a_booking_that_could_not_be_written(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    broken = mock.Mock(side_effect=OperationalError("gone"))
    monkeypatch.setattr("orchestrator.services.settling.Settling._receipt", broken)

    chat.press("confirm_registration", summary=chat.summary)

    assert chat.status == 202
    assert committed("registration_completed") == []
    assert len(committed("tool_succeeded")) >= 1
    assert len(committed("registration_outcome_unknown")) == 1


def test_of_a_denial_beside_a_deletion_that_was_undone(
    parent: User, login: StoredCredential
) -> None:
    def deletion_that_is_undone() -> None:
        with transaction.atomic():
            services.delete(user_id=parent.pk, credential_id=login.pk, at=timezone.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        deletion_that_is_undone()
    with pytest.raises(services.CredentialNotFoundError):
        services.open_login(
            user_id=parent.pk,
            credential_id=uuid4(),
            purpose="reveal",
            session_id=None,
            at=timezone.now(),
        )

    assert committed("credentials_deleted") == []
    assert StoredCredential.objects.get().alias == LOGIN["alias"]
    assert len(committed("credentials_access_denied")) == 1


def test_of_no_refusal_that_could_be_undone_with_its_deed(
    parent: User, login: StoredCredential
) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        services.open_login(
            user_id=parent.pk,
            credential_id=login.pk,
            purpose="reveal",
            session_id=None,
            at=timezone.now(),
        )
