"""A session past its time…"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine

from accounts.models import User
from audit.models import MandateAudit
from orchestrator.flow.rules import RULES
from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import Status
from tests.orchestrator.chat import Chat

DAY = timedelta(hours=24)
SENTENCE = "This signup timed out after 24 hours. Let's start again."
ENDPOINTS: dict[str, Callable[[Chat], Any]] = {
    "read": lambda chat: chat.client.get(f"/api/v1/sessions/{chat.id}"),
    "message": lambda chat: chat.client.post(
        f"/api/v1/sessions/{chat.id}/messages", {"message": "Blackhawk"}
    ),
    "delete": lambda chat: chat.client.delete(f"/api/v1/sessions/{chat.id}"),
}
ACTIONS = sorted(set(RULES) - {"reset"})


@pytest.fixture
def clock(noon: datetime) -> Iterator[time_machine.Traveller]:
    """The world's clock, stopped at noon."""
    with time_machine.travel(noon, tick=False) as traveller:
        yield traveller


@pytest.fixture
def chat(parent: User, clock: time_machine.Traveller) -> Chat:
    """A signup that began at noon."""
    chat = Chat(parent)
    chat.begin()
    return chat


def act(chat: Chat, action: str) -> Any:
    return chat.client.post(f"/api/v1/sessions/{chat.id}/actions", {"action": action})


def listed(chat: Chat) -> list[str]:
    return [one["id"] for one in chat.client.get("/api/v1/sessions").json()["results"]]


def become(**columns: Any) -> None:
    AgenticCheckoutSession.objects.update(**columns)


def is_timed_out(answer: Any) -> bool:
    body = answer.json()
    return (
        (answer.status_code, body["code"], body["detail"])
        == (410, "checkout_session_expired", SENTENCE)
        and [button["action"] for button in body["cta"]] == ["reset"]
        and "turn" not in body
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
def test_is_served_by_no_endpoint(
    chat: Chat, clock: time_machine.Traveller, noon: datetime, endpoint: Callable[[Chat], Any]
) -> None:
    clock.move_to(noon + DAY)
    before = AgenticCheckoutSession.objects.values().get()

    assert is_timed_out(endpoint(chat))
    assert AgenticCheckoutSession.objects.values().get() == before


@pytest.mark.parametrize("action", ACTIONS)
def test_takes_no_action(
    chat: Chat, clock: time_machine.Traveller, noon: datetime, action: str
) -> None:
    clock.move_to(noon + DAY)

    assert is_timed_out(act(chat, action))
    assert not MandateAudit.objects.filter(action__startswith="action_").exists()


def test_is_on_no_list(chat: Chat, clock: time_machine.Traveller, noon: datetime) -> None:
    clock.move_to(noon + DAY - timedelta(microseconds=1))
    assert listed(chat) == [chat.id]

    clock.move_to(noon + DAY)
    assert listed(chat) == []


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
def test_was_served_to_the_last_moment(
    chat: Chat, clock: time_machine.Traveller, noon: datetime, endpoint: Callable[[Chat], Any]
) -> None:
    clock.move_to(noon + DAY - timedelta(microseconds=1))

    assert endpoint(chat).status_code in (200, 204)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
def test_is_gone_however_it_ended(
    chat: Chat, clock: time_machine.Traveller, noon: datetime, status: Status
) -> None:
    become(status=status)
    clock.move_to(noon + DAY)

    assert is_timed_out(ENDPOINTS["read"](chat))
    assert listed(chat) == []


def test_is_gone_even_if_a_turn_still_runs(
    chat: Chat, clock: time_machine.Traveller, noon: datetime
) -> None:
    become(turn_token=UUID(int=1), turn_until=noon + DAY + timedelta(seconds=60))
    clock.move_to(noon + DAY)

    assert is_timed_out(ENDPOINTS["read"](chat))
    assert is_timed_out(ENDPOINTS["message"](chat))


@pytest.mark.parametrize("status", [Status.OPEN, Status.COMPLETED, Status.CANCELLED])
def test_can_be_begun_anew(
    chat: Chat, clock: time_machine.Traveller, noon: datetime, status: Status
) -> None:
    become(status=status)
    clock.move_to(noon + DAY)

    answer = act(chat, "reset")

    session = answer.json()["session"]
    assert answer.status_code == 200
    assert session["id"] != chat.id
    assert (session["step"], session["status"]) == ("provider_search", "open")
    assert session["expires_at"] == "2026-07-16T12:00:00Z"
    assert listed(chat) == [session["id"]]
    assert AgenticCheckoutSession.objects.get(pk=chat.id).status == status
    assert chat.trail()[-1] == "action_reset"


def test_of_somebody_else_is_not_even_past_its_time(
    chat: Chat, clock: time_machine.Traveller, noon: datetime, stranger: User
) -> None:
    clock.move_to(noon + DAY)
    other = Chat(stranger)
    other.id = chat.id

    for endpoint in ENDPOINTS.values():
        assert (endpoint(other).status_code, endpoint(other).json()["code"]) == (404, "not_found")
    assert act(other, "reset").status_code == 404


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.OUTCOME_UNKNOWN])
def test_is_served_while_an_answer_is_owed(
    chat: Chat, clock: time_machine.Traveller, noon: datetime, status: Status
) -> None:
    become(status=status)
    clock.move_to(noon + 3 * DAY)

    assert ENDPOINTS["read"](chat).json()["status"] == status
    assert listed(chat) == [chat.id]
    refusals = {
        Status.SUBMITTING: "turn_in_progress",
        Status.OUTCOME_UNKNOWN: "submission_in_progress",
    }
    message = ENDPOINTS["message"](chat)
    assert (message.status_code, message.json()["code"]) == (409, refusals[status])
    deletion = ENDPOINTS["delete"](chat)
    assert (deletion.status_code, deletion.json()["code"]) == (409, refusals[status])
    assert AgenticCheckoutSession.objects.filter(pk=chat.id).exists()
