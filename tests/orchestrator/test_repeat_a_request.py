"""A request that comes once more with its Idempotency-Key…"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from credentials.models import StoredCredential
from orchestrator.idempotency import forget_expired, keys
from orchestrator.idempotency.digest import digest_of
from orchestrator.models import IdempotencyKey
from orchestrator.tools.contract import Tool
from sessions_store.models import AgenticCheckoutSession
from tests.credentials.conftest import ANOTHER_KEY, EMAIL, LOGIN, PASSWORD
from tests.orchestrator.chat import ANSWERS, CHILD, Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

SUBMIT, SEARCH = Tool.SUBMIT_REGISTRATION.mcp_name, Tool.SEARCH_PROVIDER.mcp_name
SESSIONS, LOGINS = "/api/v1/sessions", "/api/v1/credentials"
WORDS = "Blackhawk Ski Club in Middleton"
Ask = Callable[..., Any]


@pytest.fixture
def ask(chat: Chat) -> Ask:
    """Return a function that posts with a key: `ask("messages", {"message": "…"})`."""

    def post(door: str, body: Any = None, key: str = "a-key", **headers: str) -> Any:
        at = {"sessions": SESSIONS, "credentials": LOGINS}
        path = at.get(door, f"{SESSIONS}/{chat.id}/{door}")
        headers = {"Idempotency-Key": key, **headers}
        return chat.client.post(path, {} if body is None else body, headers=headers)

    return post


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def assert_replays(again: Any, first: Any) -> None:
    """It is the first answer in every respect, and says that it is."""
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("Content-Type", "ETag", "Location", "X-SCP-Source", "Cache-Control"):
        assert again.headers.get(name) == first.headers.get(name), name
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("door", "body", "status"),
    [
        ("sessions", {}, 201),
        ("messages", {"message": WORDS, "location": {"lat": 43, "lng": -89.5}}, 200),
        ("actions", {"action": "retry_search"}, 200),
        ("credentials", LOGIN, 201),
    ],
)
def test_gets_the_same_answer_and_does_nothing(
    chat: Chat, ask: Ask, door: str, body: dict[str, Any], status: int
) -> None:
    chat.begin()
    first = ask(door, body)
    known = [AgenticCheckoutSession.objects.count(), StoredCredential.objects.count()]
    trail = chat.trail()
    assert first.status_code == status

    for _ in range(2):
        assert_replays(ask(door, body), first)

    assert known == [AgenticCheckoutSession.objects.count(), StoredCredential.objects.count()]
    assert chat.trail() == trail


def test_registers_once(chat: Chat, ask: Ask, server: ToolsCallServer) -> None:
    chat.walk_to("confirmation")
    body = {"action": "confirm_registration", "payload": {"summary": chat.summary}}

    first = ask("actions", body)

    assert first.json()["session"]["status"] == "completed"
    assert_replays(ask("actions", body), first)
    assert server.count(SUBMIT) == 1


def test_is_told_again_that_nobody_knows_yet(chat: Chat, ask: Ask, server: ToolsCallServer) -> None:
    chat.walk_to("confirmation")
    server.script(SUBMIT, Script(cut=True))
    body = {"action": "confirm_registration", "payload": {"summary": chat.summary}}

    first = ask("actions", body)

    assert first.status_code == 202
    assert_replays(ask("actions", body), first)


def test_is_told_again_that_the_provider_refused(
    chat: Chat, ask: Ask, server: ToolsCallServer
) -> None:
    chat.walk_to("confirmation")
    server.script(SUBMIT, Script(refuse="program_full"))
    body = {"action": "confirm_registration", "payload": {"summary": chat.summary}}

    first = ask("actions", body)

    assert code_of(first) == (422, "program_full")
    assert_replays(ask("actions", body), first)
    assert server.count(SUBMIT) == 1


@pytest.mark.parametrize(
    ("door", "body", "other"),
    [
        ("messages", {"message": WORDS}, {"message": "Badger Swim School"}),
        ("actions", {"action": "retry_search"}, {"action": "retry_search", "payload": {}}),
        ("credentials", LOGIN, LOGIN | {"password": "another one"}),
    ],
)
def test_with_something_else_in_it_is_refused_and_the_first_answer_stays(
    chat: Chat, ask: Ask, door: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    chat.begin()
    first = ask(door, body)

    for _ in range(2):
        refused = ask(door, other)
        assert code_of(refused) == (422, "idempotency_key_reused")
        assert "Idempotency-Replayed" not in refused

    assert_replays(ask(door, body), first)


def test_may_write_its_body_in_another_way(chat: Chat, ask: Ask) -> None:
    chat.begin()
    first = ask("messages", {"message": WORDS, "location": {"lat": 43, "lng": -89}})

    text = json.dumps({"location": {"lng": -89.0, "lat": 43.0}, "message": WORDS})
    again = chat.client.post(
        f"{SESSIONS}/{chat.id}/messages",
        text,
        content_type="application/json",
        headers={"Idempotency-Key": "a-key"},
    )

    assert_replays(again, first)


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\tb", "a\x7f"])
def test_needs_a_key_of_printable_ascii(chat: Chat, ask: Ask, key: str) -> None:
    refused = ask("sessions", key=key)
    assert code_of(refused) == (400, "invalid_request")
    assert list(refused.json()["errors"]) == ["Idempotency-Key"]
    assert not AgenticCheckoutSession.objects.exists()


@pytest.mark.parametrize("key", ["k", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324" ~!'])
def test_may_use_any_such_key(chat: Chat, ask: Ask, key: str) -> None:
    first = ask("sessions", key=key)
    assert_replays(ask("sessions", key=key), first)


def test_is_another_persons_own_request(
    chat: Chat, ask: Ask, stranger: User, client_of: Callable[[User], APIClient]
) -> None:
    mine = ask("credentials", LOGIN)
    theirs = client_of(stranger).post(LOGINS, LOGIN, headers={"Idempotency-Key": "a-key"})
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]
    assert "Idempotency-Replayed" not in theirs


def test_is_another_request_on_another_path(chat: Chat, ask: Ask, parent: User) -> None:
    chat.begin()
    second = Chat(parent)
    second.begin()
    ask("messages", {"message": WORDS})
    answer = second.say(WORDS, **{"Idempotency-Key": "a-key"})
    assert answer["session"]["id"] == second.id
    assert "Idempotency-Replayed" not in second.response


@pytest.mark.parametrize(
    ("door", "body", "headers", "code"),
    [
        ("actions", {"action": "complete_prereqs"}, {}, "action_not_available"),
        ("actions", {"action": "retry_search"}, {"If-Match": "7"}, "session_conflict"),
        ("actions", {"action": "make_coffee"}, {}, "unknown_action"),
        ("messages", {"message": ""}, {}, "invalid_request"),
        ("messages", [], {}, "invalid_request"),
        ("credentials", LOGIN | {"session_id": str(uuid4())}, {}, "invalid_request"),
    ],
)
def test_runs_anew_where_the_first_one_was_not_done(
    chat: Chat, ask: Ask, door: str, body: Any, headers: dict[str, str], code: str
) -> None:
    chat.begin()
    for _ in range(2):
        refused = ask(door, body, **headers)
        assert refused.json()["code"] == code
        assert "Idempotency-Replayed" not in refused
        assert not IdempotencyKey.objects.exists()
    assert ask("messages", {"message": WORDS}).status_code == 200


def test_runs_anew_where_the_first_one_failed(
    chat: Chat, ask: Ask, server: ToolsCallServer
) -> None:
    chat.begin()
    server.script(SEARCH, Script(status=400), times=1)
    assert code_of(ask("messages", {"message": WORDS})) == (502, "mcp_tool_error")
    assert ask("messages", {"message": WORDS}).status_code == 200
    assert server.count(SEARCH) == 2


def test_runs_anew_where_the_registration_never_left(
    chat: Chat, ask: Ask, server: ToolsCallServer
) -> None:
    chat.walk_to("confirmation")
    server.script(SUBMIT, Script(status=429), times=1)
    body = {"action": "confirm_registration", "payload": {"summary": chat.summary}}
    assert code_of(ask("actions", body)) == (503, "submission_not_sent")
    assert ask("actions", body).json()["session"]["status"] == "completed"


def test_asks_for_a_log_in_before_it_looks_at_the_key(db: None) -> None:
    refused = APIClient().post(SESSIONS, headers={"Idempotency-Key": "x" * 256})
    assert code_of(refused) == (401, "not_authenticated")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/auth/token", "/api/v1/credentials/0d4c6a4e-8f0b-4f0e-9a57-3f6f3d7a9b11/reveal"],
)
def test_is_no_such_thing_where_secrets_move(chat: Chat, path: str) -> None:
    chat.client.post(path, {}, headers={"Idempotency-Key": "a-key"})
    assert not IdempotencyKey.objects.exists()


def test_leaves_no_trace_without_a_key(chat: Chat) -> None:
    chat.begin()
    assert not IdempotencyKey.objects.exists()


def rows_as_they_lie() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM idempotency_keys")
        return repr(cursor.fetchall())


def test_lies_sealed_with_all_that_was_typed_and_answered(chat: Chat, ask: Ask) -> None:
    chat.walk_to("form_fill")
    ask("credentials", LOGIN)
    form = {"action": "submit_form", "payload": {"answers": ANSWERS}}
    answer = ask("actions", form)
    assert CHILD in answer.content.decode()

    lying = rows_as_they_lie()

    assert lying.count("sa1.") == IdempotencyKey.objects.count() == 2
    typed = [PASSWORD, EMAIL, LOGIN["alias"], *ANSWERS.values(), answer.json()["message"]]
    assert [word for word in typed if word in lying] == []
    assert digest_of("POST", LOGIN) not in lying


def test_shows_nothing_of_a_login_that_was_deleted(chat: Chat, ask: Ask) -> None:
    saved = ask("credentials", LOGIN)
    StoredCredential.objects.all().delete()

    again = ask("credentials", LOGIN)

    assert (saved.status_code, code_of(again)) == (201, (404, "not_found"))
    assert not StoredCredential.objects.exists(), "it is not saved a second time"
    assert ask("credentials", LOGIN, key="another").status_code == 201


def test_shows_nothing_of_a_session_that_was_deleted(chat: Chat, ask: Ask) -> None:
    chat.begin()
    ask("messages", {"message": WORDS})
    chat.client.delete(f"{SESSIONS}/{chat.id}")
    again = ask("messages", {"message": WORDS})
    assert code_of(again) == (404, "not_found")
    assert WORDS not in again.content.decode()


@pytest.mark.parametrize("door", ["sessions", "messages"])
def test_shows_nothing_of_a_session_past_its_time(
    chat: Chat, ask: Ask, noon: datetime, door: str
) -> None:
    body = {"message": WORDS} if door == "messages" else {}
    with time_machine.travel(noon, tick=False):
        chat.begin()
        ask(door, body)
    with time_machine.travel(noon + timedelta(hours=25), tick=False):
        assert code_of(ask(door, body)) == (410, "checkout_session_expired")


def test_gets_the_new_session_again_where_the_old_one_is_past_its_time(
    chat: Chat, ask: Ask, noon: datetime
) -> None:
    with time_machine.travel(noon, tick=False):
        chat.begin()
    with time_machine.travel(noon + timedelta(hours=25), tick=False):
        first = ask("actions", {"action": "reset"})
        assert_replays(ask("actions", {"action": "reset"}), first)


def test_is_a_new_one_after_two_days(ask: Ask, noon: datetime) -> None:
    with time_machine.travel(noon, tick=False):
        first = ask("credentials", LOGIN)
    with time_machine.travel(noon + timedelta(hours=47), tick=False):
        assert_replays(ask("credentials", LOGIN), first)
    with time_machine.travel(noon + timedelta(hours=48), tick=False):
        assert code_of(ask("credentials", LOGIN)) == (409, "credential_exists")


def test_is_forgotten_after_two_days(ask: Ask, noon: datetime) -> None:
    for hours, key in enumerate("abcde"):
        with time_machine.travel(noon + timedelta(hours=hours), tick=False):
            ask("sessions", key=key)

    late = noon + timedelta(hours=48 + 2)
    assert forget_expired(at=late, max_seconds=0) == 0, "its time is up: the next run goes on"
    assert forget_expired(at=late, batch_size=2) == 3

    assert sorted(IdempotencyKey.objects.values_list("key", flat=True)) == ["d", "e"]
    assert forget_expired(at=late) == 0


def test_is_answered_by_nobody_who_cannot_open_what_was_kept(
    chat: Chat, ask: Ask, settings: Settings
) -> None:
    ask("sessions")
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    assert code_of(ask("sessions")) == (503, "key_unavailable")
    assert AgenticCheckoutSession.objects.count() == 1


def test_answers_even_where_the_answer_cannot_be_kept(
    chat: Chat, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise DatabaseError("no more rows")

    with monkeypatch.context() as patch:
        patch.setattr(keys, "keep", refuse)
        first = ask("sessions")
    assert first.status_code == 201

    waiting = ask("sessions")

    assert code_of(waiting) == (409, "idempotency_key_in_progress")
    assert waiting["Retry-After"] == "2"
    with time_machine.travel(timezone.now() + keys.LEASE):
        assert ask("sessions").json()["session"]["id"] == first.json()["session"]["id"]


@pytest.mark.django_db(transaction=True)
def test_saves_no_login_whose_answer_cannot_be_kept(
    chat: Chat, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise DatabaseError("no more rows")

    with monkeypatch.context() as patch:
        patch.setattr(keys, "keep", refuse)
        assert code_of(ask("credentials", LOGIN)) == (503, "audit_unavailable")
    assert not StoredCredential.objects.exists()
    assert ask("credentials", LOGIN).status_code == 201
