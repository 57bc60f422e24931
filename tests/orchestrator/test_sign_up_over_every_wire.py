"""A signup with a server of the official SDK, over every wire that it speaks…"""

import logging
import time

import pytest
from pytest_django import Settings

from accounts.models import User
from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission
from orchestrator.tools.contract import Tool
from orchestrator.tools.toolbox import get_toolbox
from tests.orchestrator.chat import ANSWERS, FULL, STEPS, Chat
from tests.servers.sdk.running import WIRES, SdkServer
from tests.servers.sdk.tools import TOKEN, TOOL_TEXT

pytestmark = pytest.mark.once

SEARCH, SUBMIT = Tool.SEARCH_PROVIDER.mcp_name, Tool.SUBMIT_REGISTRATION.mcp_name
LOGIN = {"email": "pat@ski.example", "password": "pass word 1"}
WITH_SESSION = [wire for wire in WIRES if wire.endswith(("handshake-json", "handshake-sse"))]
over_every_wire = pytest.mark.parametrize("sdk", WIRES, indirect=True)


@over_every_wire
def test_registers_a_child_once_and_says_where_everything_came_from(
    chat: Chat, sdk: SdkServer, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    caplog.set_level(logging.INFO, "orchestrator.tools")
    sources = [chat.walk_to(step)["meta"]["source"] for step in STEPS]

    assert chat.last["session"]["status"] == "completed"
    version = "2026-07-28" if "/stateless-" in settings.MCP_SERVER_URL else "2025-11-25"
    assert sdk.version() == version
    # Two presses lead from the search to the login; the form and its answers ask no tool.
    assert sources == [None, None, "mcp", "mcp", "mcp", None, "mcp"]
    receipt = RegistrationSubmission.objects.get()
    assert (receipt.status, receipt.source) == ("confirmed", "mcp")
    [sent] = sdk.calls(SUBMIT)
    assert sent["idempotency_key"] == str(receipt.pk)
    assert (sent["answers"], sent["credentials"]) == (ANSWERS, LOGIN)
    rows = MandateAudit.objects.filter(action="tool_succeeded")
    ways = {(row.metadata["source"], row.metadata["protocol_version"]) for row in rows}
    assert (len(rows), ways) == (5, {("mcp", version)})
    said = [one.getMessage() for one in caplog.records if one.name == "orchestrator.tools"]
    assert said == [
        line
        for tool in list(Tool)[:5]
        for line in (
            f"[MCP] Calling real tool: {tool.mcp_name}",
            f"[MCP] Tool {tool.mcp_name} succeeded",
        )
    ]


@over_every_wire
def test_ends_a_refusal_in_its_sentence(chat: Chat, sdk: SdkServer) -> None:
    chat.walk_to("confirmation", program=FULL)
    chat.press("confirm_registration", summary=chat.summary)

    assert (chat.status, chat.last["code"]) == (422, "program_full")
    assert chat.last["detail"] == "This program is full."
    assert RegistrationSubmission.objects.get().status == "rejected"


@over_every_wire
def test_shows_nothing_of_what_a_broken_tool_says(
    chat: Chat, sdk: SdkServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sdk.script(SEARCH, {"breaks": True})
    chat.begin()
    chat.say("Blackhawk")

    assert (chat.status, chat.last["code"]) == (502, "mcp_tool_error")
    assert chat.last["detail"] == "The provider could not process this request."
    assert TOOL_TEXT not in caplog.text + str(chat.last) + str(chat.read())
    assert len(sdk.calls(SEARCH)) == 1


@over_every_wire
def test_does_not_know_what_became_of_a_registration_that_answers_too_late(
    chat: Chat, sdk: SdkServer, settings: Settings
) -> None:
    chat.walk_to("confirmation")
    settings.MCP_TIMEOUT_SECONDS = 2
    get_toolbox.cache_clear()
    get_toolbox().list_tools()  # shakes hands: what is late is the answer alone
    sdk.script(SUBMIT, {"sleep": 6})
    started = time.monotonic()
    chat.press("confirm_registration", summary=chat.summary)

    assert time.monotonic() - started < 5.6
    assert (chat.status, chat.last["meta"]["code"]) == (202, "submission_outcome_unknown")
    assert len(sdk.calls(SUBMIT)) == 1
    assert RegistrationSubmission.objects.get().status == "outcome_unknown"


@over_every_wire
def test_does_not_know_what_became_of_a_registration_whose_tool_broke(
    chat: Chat, sdk: SdkServer
) -> None:
    chat.walk_to("confirmation")
    sdk.script(SUBMIT, {"breaks": True})
    chat.press("confirm_registration", summary=chat.summary)

    assert (chat.status, chat.last["meta"]["code"]) == (202, "submission_outcome_unknown")
    assert len(sdk.calls(SUBMIT)) == 1


@over_every_wire
def test_says_nothing_of_a_service_token_that_is_not_accepted(
    chat: Chat, sdk: SdkServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.MCP_ACCESS_TOKEN = "an-old-token"
    chat.begin()
    chat.say("Blackhawk")

    assert (chat.status, chat.last["code"]) == (502, "mcp_auth_failed")
    assert chat.last["detail"] == "The provider service is unavailable."
    assert "WWW-Authenticate" not in chat.response
    assert "an-old-token" not in caplog.text
    assert TOKEN not in caplog.text
    assert not sdk.calls(SEARCH)


@pytest.mark.parametrize("sdk", WITH_SESSION, indirect=True)
@pytest.mark.parametrize("step", ["login", "confirmation"])
def test_goes_on_when_the_server_forgot_the_session(chat: Chat, sdk: SdkServer, step: str) -> None:
    chat.walk_to(step)
    assert sdk.end_sessions() == 1
    chat.walk_to("completed")

    assert chat.last["session"]["status"] == "completed"
    assert len(sdk.calls(SUBMIT)) == 1


@pytest.mark.parametrize(
    "sdk", ["sdk-2x-stateless-json", "sdk-2x-handshake-sse", "sdk-1x-handshake-json"], indirect=True
)
def test_finds_the_wire_by_itself(parent: User, sdk: SdkServer, settings: Settings) -> None:
    settings.MCP_TRANSPORT = "auto"

    chat = Chat(parent)
    chat.walk_to("completed")

    assert chat.last["session"]["status"] == "completed"
    assert len(sdk.calls(SUBMIT)) == 1


@pytest.mark.parametrize("sdk", ["sdk-2x-stateless-sse", "sdk-1x-handshake-sse"], indirect=True)
def test_needs_no_path_in_the_address(parent: User, sdk: SdkServer, settings: Settings) -> None:
    settings.MCP_SERVER_URL = sdk.origin

    chat = Chat(parent)
    chat.walk_to("completed")

    assert chat.last["session"]["status"] == "completed"


@over_every_wire
def test_lists_the_arguments_of_every_tool(sdk: SdkServer) -> None:
    tools = get_toolbox().list_tools()

    assert set(tools) == {tool.mcp_name for tool in Tool}
    assert tools[SUBMIT] >= {"answers", "credentials", "idempotency_key"}
