"""A confirmation whose process stands still, or is slower than its lease…"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from orchestrator.idempotency import keys
from orchestrator.models import IdempotencyKey, RegistrationSubmission
from orchestrator.services import calls, confirming, reconciling
from orchestrator.services.settling import Settling
from orchestrator.tools.errors import ToolRefusedError, ToolUnavailableError
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat
from tests.orchestrator.unclear import (
    FIRST,
    SUBMIT,
    Killed,
    leave_unclear,
    look,
    newest,
    patient_server,
)
from tests.servers.tools_call_server import ToolsCallServer

MINUTE = timedelta(minutes=1)
KEY = {"Idempotency-Key": "one-click"}


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    yield from patient_server(settings)


def let_the_lease_run_out() -> None:
    AgenticCheckoutSession.objects.update(turn_until=timezone.now() - timedelta(seconds=1))


def confirm(chat: Chat) -> Any:
    body = {"action": "confirm_registration", "payload": {"summary": chat.summary}}
    return chat.client.post(f"/api/v1/sessions/{chat.id}/actions", body, headers=KEY)


def test_sends_nothing_any_more_when_others_count_on_its_silence(
    chat: Chat, parent: User, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.looks_up, server.lists_keys, server.honours_keys = True, False, False
    chat.walk_to("confirmation")
    really, stood_still = Settling.mark_sent, list[bool]()

    def stand_still(self: Settling) -> bool:
        won = really(self)
        if not stood_still:
            stood_still.append(True)
            let_the_lease_run_out()
            long_ago = timezone.now() - 11 * MINUTE
            RegistrationSubmission.objects.update(sent_at=long_ago)
            self.submission.sent_at = long_ago
            for minutes in (1, 10, 20, 30):
                reconciling.reconcile(at=timezone.now() + minutes * MINUTE)
            other = Chat(parent)
            other.id = chat.id
            other.last = other.read()["last_turn"]
            other.press("confirm_registration", summary=other.summary)
            assert other.last["session"]["status"] == "completed"
        return won

    monkeypatch.setattr(Settling, "mark_sent", stand_still)
    chat.press("confirm_registration", summary=chat.summary)

    assert (chat.status, chat.last["code"]) == (409, "session_conflict")
    assert server.count(SUBMIT) == 1
    assert sorted(row.status for row in RegistrationSubmission.objects.all()) == [
        "confirmed",
        "not_created",
    ]


def test_says_that_nothing_was_sent_when_it_stood_still_and_nobody_looked(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    monkeypatch.setattr(confirming, "SEND_WITHIN", timedelta(0))
    chat.press("confirm_registration", summary=chat.summary)

    assert (chat.status, chat.last["code"]) == (503, "submission_not_sent")
    assert (newest().status, newest().error_code) == ("not_created", "stalled")
    assert server.count(SUBMIT) == 0


@pytest.mark.parametrize(
    "trouble", [ToolRefusedError("program_full"), ToolUnavailableError(maybe_sent=False)]
)
def test_tells_how_it_stands_and_not_what_it_thought(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    chat.walk_to("confirmation")

    def slow(*_: Any) -> Any:
        let_the_lease_run_out()
        look(newest(), 2 * MINUTE)  # the same key was sent again, and booked
        raise trouble

    monkeypatch.setattr(calls, "call", slow)
    answer = confirm(chat)

    assert newest().status == "confirmed"
    assert (answer.status_code, answer.json()["code"]) == (409, "session_conflict")
    assert answer.json()["turn"]["session"]["status"] == "completed"
    assert "Idempotency-Replayed" not in confirm(chat).headers


def test_lengthens_its_lease_before_it_sends(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    really = calls.open_login

    def slow(*args: Any) -> Any:
        AgenticCheckoutSession.objects.update(turn_until=timezone.now() + timedelta(seconds=5))
        return really(*args)

    left: list[timedelta] = []

    def see(*_: Any) -> Any:
        session = AgenticCheckoutSession.objects.get()
        assert session.turn_until
        left.append(session.turn_until - timezone.now())
        raise ToolUnavailableError(maybe_sent=False)

    monkeypatch.setattr(calls, "open_login", slow)
    monkeypatch.setattr(calls, "call", see)
    chat.press("confirm_registration", summary=chat.summary)

    assert left[0] > timedelta(seconds=60)


def test_leaves_no_session_behind_when_the_run_that_sees_to_it_dies(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=True)
    AgenticCheckoutSession.objects.update(
        turn_token=row.pk, turn_until=timezone.now() + timedelta(seconds=200)
    )
    look(row, FIRST)  # a turn holds the session: it is to follow later
    assert row.status == "confirmed"

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(confirming, "bring_along", die)
        with pytest.raises(Killed):
            reconciling.reconcile(at=timezone.now() + 5 * MINUTE)
    reconciling.reconcile(at=timezone.now() + 20 * MINUTE)

    assert chat.read()["status"] == "completed"


@pytest.mark.parametrize("booked", [True, False])
def test_answers_a_repeated_confirmation_by_what_became_of_it(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch, *, booked: bool
) -> None:
    server.looks_up, server.lists_keys = True, False
    chat.walk_to("confirmation")
    really = calls.call

    def die(*args: Any) -> None:
        if booked:
            really(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(calls, "call", die)
        patched.setattr(keys, "give_free", lambda _: None)
        with pytest.raises(Killed):
            confirm(chat)
    let_the_lease_run_out()
    IdempotencyKey.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    row = newest()
    for minutes in (2, 6, 11, 21):
        look(row, minutes * MINUTE)
    sent = server.count(SUBMIT)
    answer = confirm(chat)

    assert row.status == ("confirmed" if booked else "not_created")
    assert answer.status_code == 200
    assert answer.json()["session"]["status"] == ("completed" if booked else "open")
    assert ("did not go through" in answer.json()["message"]) is not booked
    assert server.count(SUBMIT) == sent


def test_says_of_one_that_was_sent_that_it_did_not_go_through(
    chat: Chat, server: ToolsCallServer
) -> None:
    server.looks_up, server.lists_keys = True, False
    row = leave_unclear(chat, server, booked=False)
    for minutes in (2, 6, 11):
        look(row, minutes * MINUTE)
    said = "Your registration did not go through. Nothing was booked. Please try again shortly."

    assert row.status == "not_created"
    assert chat.client.get(f"/api/v1/submissions/{row.pk}").json()["message"] == said
    assert chat.read()["last_turn"]["message"].startswith(said)
