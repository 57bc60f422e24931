"""The toolbox of this process…"""

import socket
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from orchestrator.tools.contract import Tool
from orchestrator.tools.toolbox import MockToolbox, RealToolbox, get_toolbox
from tests.servers.tools_call_server import ToolsCallServer

pytestmark = pytest.mark.once

LOGIN = {"email": "pat@example.com", "password": "a secret"}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Start and end without a toolbox."""
    get_toolbox.cache_clear()
    yield
    get_toolbox.cache_clear()


def test_opens_no_socket_in_mock_mode(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.USE_REAL_MCP = False
    monkeypatch.setattr(socket, "socket", pytest.fail)
    monkeypatch.setattr(socket, "getaddrinfo", pytest.fail)
    toolbox = get_toolbox()
    club = {"org_ref": "blackhawk-ski", "program_ref": "blackhawk-family-night"}

    answers = [
        toolbox.call(Tool.SEARCH_PROVIDER, {"query": "Blackhawk"}),
        toolbox.call(Tool.FIND_PROGRAMS, club, credentials=LOGIN),
        toolbox.call(Tool.CHECK_PREREQUISITES, club, credentials=LOGIN),
        toolbox.call(Tool.DISCOVER_FIELDS, club, credentials=LOGIN, only_mock=True),
        toolbox.call(
            Tool.SUBMIT_REGISTRATION,
            club | {"answers": {}, "idempotency_key": "key-1"},
            credentials=LOGIN,
        ),
    ]

    assert not toolbox.real
    assert {(answer.source, answer.degraded) for answer in answers} == {("mock", False)}
    assert answers[-1].data["status"] == "confirmed"
    assert "idempotency_key" in toolbox.list_tools()["scp.submit_registration"]


@pytest.mark.parametrize("transport", ["auto", "tools-call"])
def test_speaks_to_the_configured_server_in_real_mode(
    settings: Settings, server: ToolsCallServer, transport: str
) -> None:
    settings.USE_REAL_MCP = True
    settings.MCP_SERVER_URL = server.url
    settings.MCP_ACCESS_TOKEN = server.token
    settings.MCP_TRANSPORT = transport
    toolbox = get_toolbox()

    assert isinstance(toolbox, RealToolbox)
    assert toolbox.call(Tool.SEARCH_PROVIDER, {"query": "Blackhawk"}).source == "mcp"


def test_is_made_once(settings: Settings) -> None:
    settings.USE_REAL_MCP = False

    assert get_toolbox() is get_toolbox()
    assert isinstance(get_toolbox(), MockToolbox)


def test_takes_logins_apart_from_arguments() -> None:
    with pytest.raises(ValueError, match="apart"):
        get_toolbox().call(Tool.FIND_PROGRAMS, {"org_ref": "x", "credentials": LOGIN})
