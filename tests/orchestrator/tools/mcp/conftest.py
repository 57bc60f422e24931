"""Our client's end of a scripted MCP server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.mcp.client import ToolServer
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.negotiation import server_for
from orchestrator.tools.mcp.transport import Transport
from tests.servers.scripted_mcp import TOKEN, ScriptedMcp

KEY = "0b0e7e1c-5a4f-4f7e-9d55-0d8f3c1f2a11"


class Client:
    """What the product does with a tool server, one call a line."""

    def __init__(self, setting: str, url: str, token: str = TOKEN) -> None:
        self.transport = Transport(url, token)
        self.server: ToolServer = server_for(setting, self.transport)
        self.effort = Effort(seconds=0, retries=0)  # the last call's

    def search(self, *, seconds: float = 5, retries: int = 0) -> Any:
        """Return what a read answers."""
        self.effort = Effort(seconds=seconds, retries=retries)
        return self.server.call(Tool.SEARCH_PROVIDER, {"query": "ski"}, self.effort)

    def submit(self, *, seconds: float = 5, retries: int = 3) -> Any:
        """Return what a submission answers."""
        self.effort = Effort(seconds=seconds, retries=retries)
        args = {"idempotency_key": KEY}
        return self.server.call(Tool.SUBMIT_REGISTRATION, args, self.effort)

    def list_tools(self) -> dict[str, frozenset[str]]:
        """Return what the server has."""
        return self.server.list_tools(Effort(seconds=5, retries=0))


Connect = Callable[..., Client]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Build a client for a server, or for another address."""
    clients: list[Client] = []

    def make(
        server: ScriptedMcp | str, setting: str = "streamable-http", *, token: str = TOKEN
    ) -> Client:
        url = server if isinstance(server, str) else server.url
        clients.append(Client(setting, url, token))
        return clients[-1]

    yield make
    for client in clients:
        client.transport.close()


@pytest.fixture
def stateless() -> Iterator[ScriptedMcp]:
    """A server that speaks the stateless era alone."""
    with ScriptedMcp(eras={"stateless"}) as running:
        yield running


@pytest.fixture
def handshake() -> Iterator[ScriptedMcp]:
    """A server that speaks the handshake era alone."""
    with ScriptedMcp(eras={"handshake"}) as running:
        yield running


@pytest.fixture(params=["stateless", "handshake"])
def either(request: pytest.FixtureRequest) -> ScriptedMcp:
    """A server of the one era, then of the other."""
    server: ScriptedMcp = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let retries follow at once; the pauses they would have made are in the list."""
    pauses: list[float] = []
    monkeypatch.setattr("orchestrator.tools.mcp.effort.sleep", pauses.append)
    return pauses
