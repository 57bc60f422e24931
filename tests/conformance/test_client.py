"""The client that the conformance suite is given…"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.client import SCENARIOS, main
from tests.servers.scripted_mcp import It, ScriptedMcp

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]


def play(server: ScriptedMcp, scenario: str, monkeypatch: pytest.MonkeyPatch, **told: Any) -> None:
    monkeypatch.setenv("MCP_CONFORMANCE_SCENARIO", scenario)
    monkeypatch.setenv("MCP_CONFORMANCE_CONTEXT", json.dumps(told))
    main(server.url)


def test_plays_what_the_script_asks_for() -> None:
    script = (ROOT / "script" / "conformance").read_text()
    table = script.partition("<<'END'\n")[2].partition("END\n")[0]

    assert [line.split()[0] for line in table.splitlines()] == list(SCENARIOS)
    assert [line for line in table.splitlines() if not re.search(r" 20\d\d-\d\d-\d\d$", line)] == []


@pytest.mark.parametrize("era", ["stateless", "handshake"])
def test_calls_every_tool_it_is_shown(era: str, monkeypatch: pytest.MonkeyPatch) -> None:
    properties = {"a": {"type": "number"}, "b": {"type": "string"}}
    tools: list[dict[str, Any]] = [
        {"name": "add", "inputSchema": {"properties": properties}},
        {"name": "rest"},
    ]
    with ScriptedMcp(eras={era}, token="", tools=tools) as server:
        play(server, "tools_call", monkeypatch)

        called = [one.params for one in server.all("tools/call")]
        assert [one["name"] for one in called] == ["add", "rest"]
        assert called[0]["arguments"] == {"a": 1, "b": "x"}


def test_makes_the_calls_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedMcp(token="", tools=[{"name": "add"}]) as server:
        calls = [{"name": "add", "arguments": {"a": None}}]
        play(server, "http-custom-headers", monkeypatch, toolCalls=calls)

        assert server.last("tools/call").params["arguments"] == {"a": None}


def test_answers_a_tools_question_where_it_is_to_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(it: It) -> None:
        asked = {"confirm": {"method": "elicitation/create", "params": {}}}
        it.json(it.result(resultType="input_required", inputRequests=asked, requestState="s"))

    with ScriptedMcp(eras={"stateless"}, token="", tools=[{"name": "add"}]) as server:
        server.script("tools/call", ask)
        play(server, "sep-2322-client-request-state", monkeypatch)

        first, second = server.all("tools/call")
        assert first.message["id"] != second.message["id"]
        assert second.params["requestState"] == "s"
        assert second.params["inputResponses"]["confirm"]["action"] == "accept"
