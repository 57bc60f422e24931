"""A signup while the tool server is left alone…"""

import time
from contextlib import suppress

import pytest
from pytest_django import Settings

from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolUnavailableError
from orchestrator.tools.mcp import breaker
from orchestrator.tools.toolbox import get_toolbox
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

SEARCH, SUBMIT = Tool.SEARCH_PROVIDER.mcp_name, Tool.SUBMIT_REGISTRATION.mcp_name
UNAVAILABLE = "The provider service is unavailable. Please try again shortly."
NOT_SENT = "Your registration was not sent. Nothing was booked. Please try again shortly."


def trip(server: ToolsCallServer) -> None:
    """Let the breaker open; the server is well again right after."""
    server.script(SEARCH, Script(status=500))
    for _ in range(5):
        with suppress(ToolUnavailableError):
            get_toolbox().call(Tool.SEARCH_PROVIDER, {"query": "ski"})
    server.script(SEARCH, Script())
    assert get_toolbox().condition().breaker == "open"


def test_answers_a_read_at_once_with_a_retry(chat: Chat, server: ToolsCallServer) -> None:
    chat.begin()
    trip(server)
    calls = len(server.calls)

    chat.say("Blackhawk")

    assert (chat.status, chat.last["code"]) == (503, "mcp_circuit_open")
    assert (chat.last["detail"], chat.last["retryable"]) == (UNAVAILABLE, True)
    assert [button["action"] for button in chat.last["cta"]] == ["retry_last"]
    assert chat.response["Retry-After"]
    assert len(server.calls) == calls
    row = MandateAudit.objects.get(action="tool_failed")
    assert row.metadata["error_code"] == "mcp_circuit_open"
    assert row.metadata["attempts"] == 0


def test_shows_samples_and_why(chat: Chat, server: ToolsCallServer, settings: Settings) -> None:
    settings.MCP_FALLBACK = True
    get_toolbox.cache_clear()
    chat.begin()
    trip(server)

    chat.say("Blackhawk")

    assert chat.status == 200
    meta = chat.last["meta"]
    assert (meta["source"], meta["degraded"], meta["fallback_reason"]) == (
        "mock",
        True,
        "circuit_open",
    )


def test_refuses_a_registration_before_anything_is_written(
    chat: Chat, server: ToolsCallServer
) -> None:
    chat.walk_to("confirmation")
    summary, before = chat.summary, chat.trail()
    version = chat.last["session"]["version"]
    trip(server)

    chat.press("confirm_registration", summary=summary)

    assert (chat.status, chat.last["code"]) == (503, "mcp_circuit_open")
    assert (chat.last["detail"], chat.last["retryable"]) == (NOT_SENT, True)
    assert chat.response["Retry-After"]
    assert chat.last["turn"]["session"]["step"] == "confirmation"
    assert RegistrationSubmission.objects.count() == 0
    assert chat.trail() == before
    assert chat.read()["version"] == version
    assert server.count(SUBMIT) == 0


def test_registers_once_the_server_is_back(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    summary = chat.summary
    trip(server)
    monkeypatch.setattr(breaker, "monotonic", lambda: time.monotonic() + 60)

    chat.press("confirm_registration", summary=summary)

    assert (chat.status, chat.step) == (200, "completed")
    assert server.count(SUBMIT) == 1
    assert RegistrationSubmission.objects.get().status == "confirmed"
