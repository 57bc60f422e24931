"""Asking as the stateless era wants it: everything in every request…"""

from typing import Any

import pytest

from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolInputRequiredError,
    ToolMissingError,
    ToolTimeoutError,
    ToolVersionUnsupportedError,
)
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.stateless import StatelessWire
from orchestrator.tools.mcp.streamable import StreamableServer
from tests.orchestrator.tools.mcp.conftest import Connect
from tests.servers.scripted_mcp import PROVIDERS, STATELESS, It, ScriptedMcp

pytestmark = pytest.mark.once

ABOUT = "io.modelcontextprotocol/"


def test_says_who_we_are_and_what_we_speak_every_time(
    connect: Connect, stateless: ScriptedMcp
) -> None:
    client = connect(stateless)

    assert client.search() == PROVIDERS
    assert client.search() == PROVIDERS

    methods = [one.method for one in stateless.seen]
    assert methods == ["server/discover", "tools/list", "tools/call", "tools/call"]
    for one in stateless.seen:
        meta = one.params["_meta"]
        assert meta[f"{ABOUT}protocolVersion"] == one.headers["MCP-Protocol-Version"] == STATELESS
        assert meta[f"{ABOUT}clientCapabilities"] == {}
        assert meta[f"{ABOUT}clientInfo"]["name"] == "SignupAssist"
        assert meta["traceparent"] == one.headers["traceparent"]
        assert one.headers["Mcp-Method"] == one.method
        assert one.headers["Accept"] == "application/json, text/event-stream"
        assert "Mcp-Session-Id" not in one.headers
    assert stateless.seen[2].headers["Mcp-Name"] == "scp.search_providers"
    assert "Mcp-Name" not in stateless.seen[1].headers
    assert client.effort.attempts == 1


def test_keeps_no_session_even_if_it_is_given_one(connect: Connect, stateless: ScriptedMcp) -> None:
    stateless.script("tools/call", lambda it: it.json(it.result(), Mcp_Session_Id="trap"))
    client = connect(stateless)
    client.search()
    client.search()
    client.server.close()

    assert "Mcp-Session-Id" not in stateless.last("tools/call").headers
    assert not stateless.asked("DELETE")


def test_wraps_a_name_that_no_header_can_carry(connect: Connect, stateless: ScriptedMcp) -> None:
    client = connect(stateless)
    server = StreamableServer(StatelessWire(client.transport))
    stateless.tools = [{"name": "=?base64?eA==?=", "inputSchema": {}}]

    server.call_tool("=?base64?eA==?=", {}, Effort(seconds=5, retries=0))

    assert stateless.last("tools/call").headers["Mcp-Name"] == "=?base64?PT9iYXNlNjQ/ZUE9PT89?="


def test_repeats_arguments_where_the_tool_asks_for_it(
    connect: Connect, stateless: ScriptedMcp
) -> None:
    asks = {"query": {"type": "string", "x-mcp-header": "Query"}}
    stateless.tools = [{"name": "scp.search_providers", "inputSchema": {"properties": asks}}]

    connect(stateless).search()

    assert stateless.last("tools/call").headers["Mcp-Param-Query"] == "ski"


def test_uses_no_tool_that_asks_for_the_impossible(
    connect: Connect, stateless: ScriptedMcp
) -> None:
    asks = {"query": {"type": "number", "x-mcp-header": "Query"}}
    stateless.tools[0] = {"name": "scp.search_providers", "inputSchema": {"properties": asks}}
    client = connect(stateless)

    with pytest.raises(ToolMissingError):
        client.search()

    assert list(client.list_tools()) == ["scp.submit_registration"]
    assert not stateless.asked("tools/call")


def test_lists_again_and_resends_where_its_headers_were_wrong(
    connect: Connect, stateless: ScriptedMcp
) -> None:
    client = connect(stateless)
    client.list_tools()
    asks = {"query": {"type": "string", "x-mcp-header": "Query"}}
    stateless.tools[0]["inputSchema"] = {"properties": asks}
    stateless.script("tools/call", lambda it: it.json(it.error(-32020), 400))

    assert client.search() == PROVIDERS

    first, second = stateless.all("tools/call")
    assert first.message["id"] != second.message["id"]
    assert stateless.asked("tools/list") == 2
    assert second.headers["Mcp-Param-Query"] == "ski"


def test_does_so_once(connect: Connect, stateless: ScriptedMcp) -> None:
    stateless.script("tools/call", *[lambda it: it.json(it.error(-32020), 400)] * 2)

    with pytest.raises(ToolBadResponseError) as caught:
        connect(stateless).search()

    assert not caught.value.maybe_sent
    assert stateless.asked("tools/call") == 2


def test_resends_where_a_version_is_refused_that_both_know(
    connect: Connect, stateless: ScriptedMcp
) -> None:
    known = {"supported": ["2099-01-01", STATELESS]}
    stateless.script("tools/call", lambda it: it.json(it.error(-32022, data=known), 400))

    assert connect(stateless).search() == PROVIDERS
    assert len({one.message["id"] for one in stateless.all("tools/call")}) == 2


@pytest.mark.parametrize("error", [(-32020, None), (-32022, {"supported": [STATELESS]})])
def test_leaves_it_to_the_parent_to_submit_again(
    connect: Connect, stateless: ScriptedMcp, error: tuple[int, Any]
) -> None:
    number, data = error
    client = connect(stateless)
    stateless.script("tools/call", lambda it: it.json(it.error(number, data=data), 400))

    with pytest.raises(ToolBadResponseError) as caught:
        client.submit()

    assert not caught.value.maybe_sent
    assert stateless.asked("tools/call") == 1
    assert client.submit() == PROVIDERS


@pytest.mark.parametrize("data", [{"supported": ["2099-01-01"]}, {"supported": "x"}, {}, None])
def test_gives_up_where_no_version_is_common(
    connect: Connect, stateless: ScriptedMcp, data: Any
) -> None:
    client = connect(stateless)
    client.list_tools()
    stateless.script("tools/call", *[lambda it: it.json(it.error(-32022, data=data), 400)] * 2)

    with pytest.raises(ToolVersionUnsupportedError) as caught:
        client.submit()

    assert not caught.value.maybe_sent


def test_takes_a_result_without_a_type_for_complete(
    connect: Connect, stateless: ScriptedMcp
) -> None:
    result = {"content": [], "structuredContent": PROVIDERS}
    stateless.script("tools/call", lambda it: it.json(it.result(resultType="complete", **result)))
    client = connect(stateless)

    assert client.search() == client.search() == PROVIDERS


def test_answers_no_questions(connect: Connect, stateless: ScriptedMcp) -> None:
    asks = {"confirm": {"method": "elicitation/create", "params": {"message": "canary"}}}
    stateless.script(
        "tools/call",
        *[lambda it: it.json(it.result(resultType="input_required", inputRequests=asks))] * 2,
    )

    with pytest.raises(ToolInputRequiredError, match="mcp_input_required") as caught:
        connect(stateless).submit()

    assert caught.value.maybe_sent
    assert stateless.asked("tools/call") == 1


@pytest.mark.parametrize("kind", ["task", 1, None, ["complete"]])
def test_understands_no_other_kind_of_result(
    connect: Connect, stateless: ScriptedMcp, kind: Any
) -> None:
    stateless.script("tools/call", lambda it: it.json(it.result(resultType=kind)))

    with pytest.raises(ToolBadResponseError):
        connect(stateless).search()


def test_cancels_by_hanging_up(connect: Connect, stateless: ScriptedMcp) -> None:
    client = connect(stateless)
    client.list_tools()
    stateless.script("tools/call", It.say_nothing)
    before = len(stateless.seen)

    with pytest.raises(ToolTimeoutError):
        client.search(seconds=0.5)

    assert len(stateless.seen) == before + 1


def test_resumes_nothing(connect: Connect, stateless: ScriptedMcp, no_waiting: list[float]) -> None:
    stateless.script("tools/call", lambda it: it.events(it.event(id="e-1", retry=1)))

    assert connect(stateless).search(retries=1) == PROVIDERS
    assert (stateless.asked("GET"), stateless.asked("tools/call")) == (0, 2)
