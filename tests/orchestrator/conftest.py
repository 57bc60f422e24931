"""Chats on the sample tools, and on a real tool server."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import User
from orchestrator.tools.toolbox import get_toolbox
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import ToolsCallServer


@pytest.fixture(autouse=True)
def fresh_toolbox() -> Iterator[None]:
    """Let every test have the toolbox that its settings describe."""
    get_toolbox.cache_clear()
    yield
    get_toolbox.cache_clear()


@pytest.fixture
def chat(parent: User) -> Chat:
    """A parent who talks to the sample tools."""
    return Chat(parent)


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use, with fallback to samples off."""
    with ToolsCallServer() as running:
        settings.USE_REAL_MCP = True
        settings.MCP_SERVER_URL = running.url
        settings.MCP_ACCESS_TOKEN = "a-test-token"
        settings.MCP_FALLBACK = False
        settings.MCP_TIMEOUT_SECONDS = 2
        yield running


@pytest.fixture(params=["samples", "tools-call"])
def any_chat(request: pytest.FixtureRequest, parent: User) -> Chat:
    """A parent who talks to the sample tools, and again to the real server."""
    if request.param == "tools-call":
        request.getfixturevalue("server")
    return Chat(parent)
