"""Listing, reading and deleting signups…"""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from tests.orchestrator.chat import Chat


def test_lists_ones_own_newest_first(
    chat: Chat, stranger: User, client_of: Callable[[User], APIClient]
) -> None:
    first = chat.begin()["session"]
    second = chat.begin()["session"]
    assert chat.client.get("/api/v1/sessions").json() == {"results": [second, first], "next": None}
    assert client_of(stranger).get("/api/v1/sessions").json()["results"] == []


def test_lists_fifty_a_page(chat: Chat) -> None:
    begun = [chat.begin()["session"]["id"] for _ in range(52)]
    page = chat.client.get("/api/v1/sessions").json()
    rest = chat.client.get("/api/v1/sessions", {"cursor": page["next"]}).json()
    listed = [one["id"] for one in page["results"] + rest["results"]]
    assert (len(page["results"]), rest["next"]) == (50, None)
    assert listed == begun[::-1]


def test_leaves_expired_ones_out(chat: Chat) -> None:
    chat.begin()
    yesterday = timezone.now() - timedelta(hours=25)
    AgenticCheckoutSession.objects.update(
        created_at=yesterday, expires_at=yesterday + timedelta(hours=24)
    )
    assert chat.client.get("/api/v1/sessions").json()["results"] == []
    chat.read()
    assert (chat.status, chat.last["code"]) == (410, "checkout_session_expired")
    assert chat.last["detail"] == "This signup timed out after 24 hours. Let's start again."
    assert chat.last["cta"][0]["action"] == "reset"
    chat.press("reset")
    assert (chat.status, chat.step) == (200, "provider_search")


def test_lives_for_24_hours(chat: Chat) -> None:
    chat.begin()
    session = AgenticCheckoutSession.objects.get()
    assert session.expires_at - session.created_at == timedelta(hours=24)
    chat.say("Blackhawk")
    assert AgenticCheckoutSession.objects.get().expires_at == session.expires_at


def test_deletes_one_with_its_turns_and_keeps_the_record(chat: Chat) -> None:
    chat.walk_to("login")
    assert chat.client.delete(f"/api/v1/sessions/{chat.id}").status_code == 204
    assert not AgenticCheckoutSession.objects.exists()
    assert not SessionTurn.objects.exists()
    assert chat.trail()[-1] == "session_deleted"
    chat.read()
    assert (chat.status, chat.last["code"]) == (404, "not_found")


def test_refuses_a_second_turn_while_one_runs(chat: Chat) -> None:
    chat.walk_to("login")
    AgenticCheckoutSession.objects.update(
        turn_token="0" * 32, turn_until=timezone.now() + timedelta(seconds=30)
    )
    for action in ("change_provider", "retry_search", "reset"):
        chat.press(action)
        assert (chat.status, chat.last["code"]) == (409, "turn_in_progress")
        assert chat.last["detail"] == "One moment, I am still working on your last message."
        assert chat.response["Retry-After"]
        assert chat.last["turn"]["session"]["step"] == "login"
    chat.say("back")
    assert (chat.status, chat.last["code"]) == (409, "turn_in_progress")
    answer = chat.client.delete(f"/api/v1/sessions/{chat.id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "turn_in_progress")


def test_notes_a_session_that_an_older_process_left(chat: Chat) -> None:
    chat.walk_to("login")
    AgenticCheckoutSession.objects.update(updated_at=timezone.now() - timedelta(hours=2))
    chat.say("back")
    chat.say("Blackhawk")
    assert MandateAudit.objects.filter(action="session_resumed").count() == 1
