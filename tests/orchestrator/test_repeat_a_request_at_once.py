"""The same request twice at the same time…"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier, Event, local
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from credentials.models import StoredCredential
from orchestrator.idempotency import keys
from orchestrator.tools.contract import Tool
from orchestrator.understanding import parser
from sessions_store.models import AgenticCheckoutSession
from tests.credentials.conftest import LOGIN
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import ToolsCallServer

pytestmark = pytest.mark.django_db(transaction=True)

SUBMIT = Tool.SUBMIT_REGISTRATION.mcp_name
SESSIONS, LOGINS = "/api/v1/sessions", "/api/v1/credentials"
WORDS = {"message": "Blackhawk Ski Club in Middleton"}
THREADS = 6


def post(chat: Chat, path: str, body: Any = None) -> Any:
    """Post with the one key, as a window of its own."""
    return Chat(chat.user).client.post(path, body or {}, headers={"Idempotency-Key": "a-key"})


def all_at_once(deed: Callable[[], Any]) -> list[Any]:
    """Return what the deed came to in each of the threads, which begin together."""
    start = Barrier(THREADS, timeout=30)

    def run(_: int) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def answers_of(results: list[Any]) -> list[Any]:
    """Return the good answers; whoever came while the first was running was told so."""
    waiting = [one for one in results if one.status_code == 409]
    assert {one.json()["code"] for one in waiting} <= {"idempotency_key_in_progress"}
    return [one for one in results if one.status_code != 409]


def test_is_told_to_wait_while_the_first_one_runs(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.begin()
    path, really = f"{SESSIONS}/{chat.id}/messages", parser.understand
    inside, go_on = Event(), Event()

    def slowly(*args: Any) -> Any:
        inside.set()
        assert go_on.wait(30)
        return really(*args)

    monkeypatch.setattr(parser, "understand", slowly)

    def first() -> Any:
        try:
            return post(chat, path, WORDS)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        assert inside.wait(30)
        second = post(chat, path, WORDS)
        other = post(chat, path, {"message": "Badger Swim School"})
        go_on.set()
        answer = running.result(30)

    assert (second.status_code, second.json()["code"]) == (409, "idempotency_key_in_progress")
    assert second["Retry-After"] == "2"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert answer.status_code == 200
    again = post(chat, path, WORDS)
    assert (again.content, again["Idempotency-Replayed"]) == (answer.content, "true")
    assert chat.trail().count("message_sent") == 1


def test_begins_one_session(chat: Chat) -> None:
    answers = answers_of(all_at_once(lambda: post(chat, SESSIONS)))
    assert AgenticCheckoutSession.objects.count() == 1
    assert len({answer.content for answer in answers}) == 1
    assert len([one for one in answers if "Idempotency-Replayed" not in one]) == 1


def test_saves_one_login(chat: Chat) -> None:
    answers = answers_of(all_at_once(lambda: post(chat, LOGINS, LOGIN)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert StoredCredential.objects.count() == 1


def test_registers_once(chat: Chat, server: ToolsCallServer) -> None:
    chat.walk_to("confirmation")
    body = {"action": "confirm_registration", "payload": {"summary": chat.summary}}

    answers = answers_of(all_at_once(lambda: post(chat, f"{SESSIONS}/{chat.id}/actions", body)))

    assert {one.json()["session"]["status"] for one in answers} == {"completed"}
    assert len({answer.content for answer in answers}) == 1
    assert server.count(SUBMIT) == 1


def test_is_taken_over_by_exactly_one(
    parent: User, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them have read the row that a dead process left, before one of them writes."""

    def begin(at: datetime) -> Any:
        return keys.begin(user_id=parent.pk, path="/there", key="k", digest="d", at=at)

    def take_over() -> Any:
        try:
            return begin(noon + keys.LEASE)
        except keys.KeyInProgressError:
            return None

    begin(noon)
    really, have_read, seen = keys._open, Barrier(THREADS, timeout=30), local()

    def open_together(row: Any) -> Any:
        if not hasattr(seen, "it"):
            seen.it = True
            have_read.wait()
        return really(row)

    monkeypatch.setattr(keys, "_open", open_together)

    assert len([won for won in all_at_once(take_over) if won]) == 1
