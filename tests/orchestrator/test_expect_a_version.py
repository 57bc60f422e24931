"""A request that expects a session to be at a version (If-Match)…"""

from typing import Any

import pytest

from orchestrator.tools.contract import Tool
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

OPERATIONS = {
    "message": ("post", "/messages", {"message": "Blackhawk Ski Club in Middleton"}),
    "action": ("post", "/actions", {"action": "retry_search"}),
    "reset": ("post", "/actions", {"action": "reset"}),
    "cancel": ("post", "/actions", {"action": "cancel_registration"}),
    "delete": ("delete", "", None),
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS)


def ask(chat: Chat, operation: str, version: str) -> Any:
    method, door, body = OPERATIONS[operation]
    path = f"/api/v1/sessions/{chat.id}{door}"
    return getattr(chat.client, method)(path, body, headers={"If-Match": version})


def as_it_stands() -> list[Any]:
    return list(AgenticCheckoutSession.objects.values())


@every_operation
def test_is_served_at_that_version(chat: Chat, operation: str) -> None:
    chat.begin()
    chat.press("retry_search")
    assert ask(chat, operation, chat.response["ETag"]).status_code in (200, 204)


@pytest.mark.once
@pytest.mark.parametrize("written", ["{}", '"{}"', 'W/"{}"', " {} ", "*", ""])
def test_may_write_it_in_any_of_these_ways(chat: Chat, written: str) -> None:
    version = chat.begin()["session"]["version"]
    assert ask(chat, "message", written.format(version)).status_code == 200


@every_operation
@pytest.mark.parametrize("off", [-1, 1])
def test_changes_nothing_at_another(chat: Chat, operation: str, off: int) -> None:
    chat.begin()
    now = chat.press("retry_search")
    before, trail = as_it_stands(), chat.trail()

    refused = ask(chat, operation, f'"{now["session"]["version"] + off}"')

    body = refused.json()
    assert (refused.status_code, body["code"]) == (409, "session_conflict")
    assert body["turn"] == now
    assert (as_it_stands(), chat.trail()) == (before, trail)


@pytest.mark.once
@every_operation
def test_is_asked_again_where_it_names_none(chat: Chat, operation: str) -> None:
    chat.begin()
    before = as_it_stands()
    for nonsense in ("yesterday", '"3', '"3", "4"', "-1", "1.0", "1" * 10):
        refused = ask(chat, operation, nonsense)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["If-Match"])
    assert as_it_stands() == before


def test_finds_it_in_every_answer(chat: Chat) -> None:
    seen = []
    for ask_for in (chat.begin, lambda: chat.say("Blackhawk"), lambda: chat.press("retry_search")):
        body = ask_for()
        seen.append((chat.response["ETag"], f'"{body["session"]["version"]}"'))
    seen.append((chat.read() and chat.response["ETag"], f'"{chat.last["version"]}"'))
    assert [etag for etag, version in seen if etag != version] == []


def test_finds_it_in_a_refusal_that_moved_the_session_on(
    chat: Chat, server: ToolsCallServer
) -> None:
    chat.begin()
    server.script(Tool.SEARCH_PROVIDER.mcp_name, Script(status=400), times=1)
    chat.say("Blackhawk")
    assert chat.status == 502
    assert chat.response["ETag"] == f'"{chat.read()["version"]}"'


def test_deletes_no_session_that_moves_on_the_moment_before(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.begin()
    really_lock = store.lock

    def lock_late(*args: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(store, "lock", really_lock)
            chat.press("retry_search")
        really_lock(*args)

    monkeypatch.setattr(store, "lock", lock_late)
    refused = ask(chat, "delete", "1")
    assert (refused.status_code, refused.json()["code"]) == (409, "session_conflict")
    assert refused.json()["turn"]["session"]["version"] == 3
    assert AgenticCheckoutSession.objects.exists()


def test_reads_who_is_registering_in_a_conflict(chat: Chat, server: ToolsCallServer) -> None:
    """An old window deletes a signup whose registration nobody knows the outcome of."""
    chat.walk_to("confirmation")
    server.script(Tool.SUBMIT_REGISTRATION.mcp_name, Script(cut=True))
    chat.press("confirm_registration", summary=chat.summary)
    refused = ask(chat, "delete", "1")
    assert refused.json()["code"] == "session_conflict"
    assert refused.json()["turn"]["meta"]["code"] == "submission_outcome_unknown"
