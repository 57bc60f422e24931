"""A request that comes once more after its process died…"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from orchestrator.idempotency import keys
from orchestrator.models import IdempotencyKey, RegistrationSubmission
from orchestrator.services import calls
from orchestrator.tools.contract import Tool
from orchestrator.understanding import parser
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from tests.credentials.conftest import LOGIN
from tests.orchestrator.chat import SATURDAY, Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

SUBMIT = Tool.SUBMIT_REGISTRATION.mcp_name
SESSIONS, LOGINS = "/api/v1/sessions", "/api/v1/credentials"
WORDS = {"message": "Blackhawk Ski Club in Middleton"}
KEY = {"Idempotency-Key": "a-key"}


class KilledError(BaseException):
    """What `kill -9` is to a test: nobody tidies up behind it."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a context in which the process dies as it calls this function, or returns from it.

    What the context gives is what the function was called with.
    """

    @contextmanager
    def die(module: Any, name: str, *, after: bool = False) -> Iterator[list[Any]]:
        really, called_with = getattr(module, name), list[Any]()

        def killed(*args: Any, **kwargs: Any) -> Any:
            called_with.extend(args)
            if after:
                really(*args, **kwargs)
            raise KilledError

        with monkeypatch.context() as patch:
            patch.setattr(keys, "give_free", lambda *_: None)
            patch.setattr(store, "give_up", lambda *_, **__: None)
            patch.setattr(module, name, killed)
            with pytest.raises(KilledError):
                yield called_with

    return die


def later() -> Any:
    """Travel to when every lease ran out."""
    return time_machine.travel(timezone.now() + timedelta(seconds=95))


def post(chat: Chat, door: str, body: Any) -> Any:
    return chat.client.post(f"{SESSIONS}/{chat.id}/{door}", body, headers=KEY)


def confirming(chat: Chat) -> dict[str, Any]:
    return {"action": "confirm_registration", "payload": {"summary": chat.summary}}


def test_is_told_to_wait_until_the_lease_ran_out(chat: Chat, dying: Any) -> None:
    chat.begin()
    with dying(keys, "keep"):
        post(chat, "messages", WORDS)
    waiting = post(chat, "messages", WORDS)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_key_in_progress")
    assert (waiting["Retry-After"], waiting.json()["retryable"]) == ("2", True)
    with later():
        assert post(chat, "messages", WORDS).status_code == 200


@pytest.mark.parametrize(
    ("door", "body"),
    [
        pytest.param("messages", WORDS, id="asked a tool"),
        pytest.param("messages", {"message": "cancel this"}, id="only said something"),
        pytest.param("actions", {"action": "retry_search"}, id="asked no tool"),
    ],
)
def test_gets_the_answer_of_the_turn_that_was_finished(
    chat: Chat, dying: Any, door: str, body: dict[str, Any]
) -> None:
    chat.begin()
    with dying(keys, "keep"):
        post(chat, door, body)
    trail, last = chat.trail(), chat.read()["last_turn"]

    with later():
        answers = [post(chat, door, body) for _ in range(2)]

    for answer in answers:
        assert (answer.status_code, answer.json()) == (200, last)
        assert (answer["Idempotency-Replayed"], answer["ETag"]) == ("true", '"3"')
    assert chat.trail() == trail


def test_gets_the_session_that_was_begun(chat: Chat, dying: Any) -> None:
    with dying(keys, "keep"):
        chat.client.post(SESSIONS, headers=KEY)
    begun = AgenticCheckoutSession.objects.get()

    with later():
        answer = chat.client.post(SESSIONS, headers=KEY)

    assert (answer.status_code, answer["Location"]) == (201, f"{SESSIONS}/{begun.pk}")
    assert AgenticCheckoutSession.objects.count() == 1


@pytest.mark.parametrize("is_closed", [False, True])
def test_gets_the_session_that_came_after_a_reset(chat: Chat, dying: Any, is_closed: bool) -> None:
    chat.begin()
    if is_closed:
        chat.press("cancel_registration")
    with dying(keys, "keep"):
        post(chat, "actions", {"action": "reset"})
    begun = AgenticCheckoutSession.objects.get(status="open")

    with later():
        answer = post(chat, "actions", {"action": "reset"})

    assert answer.json()["session"]["id"] == str(begun.pk)
    assert AgenticCheckoutSession.objects.count() == 2


def test_gets_the_receipt_of_a_registration_that_was_written(
    chat: Chat, server: ToolsCallServer, dying: Any
) -> None:
    chat.walk_to("confirmation")
    body = confirming(chat)
    with dying(keys, "keep"):
        post(chat, "actions", body)

    with later():
        answer = post(chat, "actions", body)

    assert answer.status_code == 200
    assert answer.json()["session"]["status"] == "completed"
    assert server.count(SUBMIT) == 1


def test_gets_a_202_where_the_outcome_was_unknown(
    chat: Chat, server: ToolsCallServer, dying: Any
) -> None:
    chat.walk_to("confirmation")
    body = confirming(chat)
    server.script(SUBMIT, Script(cut=True))
    with dying(keys, "keep"):
        post(chat, "actions", body)

    with later():
        answer = post(chat, "actions", body)

    assert (answer.status_code, answer["Idempotency-Replayed"]) == (202, "true")
    assert answer.json()["meta"]["code"] == "submission_outcome_unknown"
    assert server.count(SUBMIT) == 1


@pytest.mark.parametrize("code", ["program_full", "too_young", "login_failed"])
def test_gets_the_providers_refusal_that_was_written(
    chat: Chat, server: ToolsCallServer, dying: Any, code: str
) -> None:
    server.script(SUBMIT, Script(refuse=code))
    chat.walk_to("confirmation")
    body = confirming(chat)
    with dying(keys, "keep") as called_with:
        post(chat, "actions", body)
    _, first = called_with

    with later():
        again = post(chat, "actions", body)

    assert server.count(SUBMIT) == 1
    assert (again.status_code, again.json()["code"]) == (422, code) == (first.status, code)
    assert again["Content-Type"] == "application/problem+json"
    assert again.json() | {"request_id": None} == first.body | {"request_id": None}
    assert {name: again[name] for name in first.headers} == first.headers


def test_runs_anew_where_it_had_not_begun(chat: Chat, dying: Any) -> None:
    chat.begin()
    with dying(parser, "understand"):
        post(chat, "messages", WORDS)
    assert "message_sent" not in chat.trail()

    with later():
        answer = post(chat, "messages", WORDS)

    assert answer.status_code == 200
    assert "Idempotency-Replayed" not in answer
    assert chat.trail().count("message_sent") == 1


def test_runs_anew_where_a_read_was_under_way(chat: Chat, dying: Any) -> None:
    chat.walk_to("program_selection")
    body = {"action": "select_program", "payload": {"program_ref": SATURDAY}}
    with dying(calls, "call"):
        post(chat, "actions", body)

    with later():
        answer = post(chat, "actions", body)

    assert (answer.status_code, answer.json()["session"]["step"]) == (200, "prerequisite_check")


def test_runs_anew_where_a_read_had_failed(chat: Chat, server: ToolsCallServer, dying: Any) -> None:
    chat.begin()
    server.script(Tool.SEARCH_PROVIDER.mcp_name, Script(status=400), times=1)
    with dying(keys, "give_free"):
        post(chat, "messages", WORDS)

    with later():
        answer = post(chat, "messages", WORDS)

    assert answer.status_code == 200
    assert "Idempotency-Replayed" not in answer


@pytest.mark.parametrize("after", [False, True])
def test_is_told_that_nobody_knows_where_a_registration_was_under_way(
    chat: Chat, server: ToolsCallServer, dying: Any, after: bool
) -> None:
    chat.walk_to("confirmation")
    body = confirming(chat)
    with dying(calls, "call", after=after):
        post(chat, "actions", body)

    with later():
        answer = post(chat, "actions", body)

    assert answer.status_code == 202
    assert server.count(SUBMIT) == after
    assert RegistrationSubmission.objects.get().status == "outcome_unknown"


def test_registers_where_nothing_had_left(chat: Chat, server: ToolsCallServer, dying: Any) -> None:
    chat.walk_to("confirmation")
    body = confirming(chat)
    with dying(calls, "open_login"):
        post(chat, "actions", body)

    with later():
        answer = post(chat, "actions", body)

    assert answer.json()["session"]["status"] == "completed"
    assert server.count(SUBMIT) == 1
    statuses = RegistrationSubmission.objects.order_by("created_at").values_list(
        "status", flat=True
    )
    assert list(statuses) == ["not_created", "confirmed"]


@pytest.mark.django_db(transaction=True)
def test_saves_a_login_that_was_not_saved(chat: Chat, dying: Any) -> None:
    with dying(keys, "keep"):
        chat.client.post(LOGINS, LOGIN, headers=KEY)
    with later():
        assert chat.client.post(LOGINS, LOGIN, headers=KEY).status_code == 201


@pytest.mark.parametrize("words", [WORDS["message"], "cancel this"])
def test_does_nothing_once_another_process_took_it_over(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    chat.begin()
    really = parser.understand

    def stall(*args: Any) -> Any:
        IdempotencyKey.objects.update(lease_token=uuid4())
        return really(*args)

    monkeypatch.setattr(parser, "understand", stall)
    refused = post(chat, "messages", {"message": words})

    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_in_progress")
    assert "message_sent" not in chat.trail()
    assert chat.read()["version"] == 1
    assert IdempotencyKey.objects.get().lease_token, "it is the other one's"


def test_leaves_the_answer_alone_that_another_process_gave(parent: Any, noon: datetime) -> None:
    def begin(at: datetime) -> Any:
        return keys.begin(user_id=parent.pk, path="/there", key="k", digest="d", at=at)

    stalled = begin(noon)
    other = begin(noon + keys.LEASE)
    keys.keep(other, keys.Kept(200, {}, {"by": "the other"}))

    keys.keep(stalled, keys.Kept(200, {}, {"by": "the stalled"}))
    keys.give_free(stalled)

    assert begin(noon + keys.LEASE).body == {"by": "the other"}
