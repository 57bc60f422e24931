"""The log lines of a tool call…"""

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError
from orchestrator.tools.mock.tools import MockTools
from orchestrator.tools.toolbox import MockToolbox
from tests.orchestrator.tools.conftest import MakeToolbox
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

SEARCH = {"query": "Blackhawk"}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Catch what the tools log, from INFO on."""
    caplog.set_level("INFO", logger="orchestrator.tools")
    return caplog


def mcp_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the messages of our logger."""
    return [line.getMessage() for line in caplog.records if line.name == "orchestrator.tools"]


def test_name_the_tool_twice_when_it_succeeds(
    make_toolbox: MakeToolbox, lines: pytest.LogCaptureFixture
) -> None:
    make_toolbox().call(Tool.SEARCH_PROVIDER, SEARCH)

    assert mcp_lines(lines) == [
        "[MCP] Calling real tool: scp.search_providers",
        "[MCP] Tool scp.search_providers succeeded",
    ]


@pytest.mark.parametrize(
    ("script", "word"),
    [
        (Script(silent=True), "timeout"),
        (Script(status=503), "unavailable"),
        (Script(status=401), "auth"),
        (Script(status=400), "tool_error"),
        (Script(refuse="program_full"), "tool_error"),
        (Script(status=404, refuse="unknown_tool"), "tool_error"),
        (Script(status=200, body=b"{}"), "bad_response"),
    ],
)
def test_name_the_kind_of_failure_in_one_word(
    server: ToolsCallServer,
    make_toolbox: MakeToolbox,
    lines: pytest.LogCaptureFixture,
    script: Script,
    word: str,
) -> None:
    server.script("scp.search_providers", script)

    with pytest.raises(ToolError):
        make_toolbox(timeout_seconds=1).call(Tool.SEARCH_PROVIDER, SEARCH)

    assert mcp_lines(lines) == [
        "[MCP] Calling real tool: scp.search_providers",
        f"[MCP] Tool scp.search_providers failed: {word}",
    ]


def test_come_once_for_all_retries_and_announce_the_fallback(
    server: ToolsCallServer,
    make_toolbox: MakeToolbox,
    lines: pytest.LogCaptureFixture,
    no_waiting: list[float],
) -> None:
    server.script("scp.search_providers", Script(status=503))

    make_toolbox(fallback=True, max_retries=3).call(Tool.SEARCH_PROVIDER, SEARCH)

    assert server.count("scp.search_providers") == 4
    assert mcp_lines(lines) == [
        "[MCP] Calling real tool: scp.search_providers",
        "[MCP] Tool scp.search_providers failed: unavailable",
        "[MCP] Falling back to mock tool for search_provider",
    ]


def test_stay_away_in_mock_mode(lines: pytest.LogCaptureFixture) -> None:
    MockToolbox(MockTools()).call(Tool.SEARCH_PROVIDER, SEARCH)

    assert mcp_lines(lines) == []
