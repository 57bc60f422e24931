"""A live tool server, and toolboxes that speak to it."""

from collections.abc import Callable, Iterator

import pytest

from orchestrator.tools.mcp.tools_call import ToolsCallServer as ToolsCallWire
from orchestrator.tools.mcp.transport import Transport
from orchestrator.tools.mock.tools import MockReads
from orchestrator.tools.toolbox import RealToolbox
from tests.servers.tools_call_server import ToolsCallServer

MakeToolbox = Callable[..., RealToolbox]


@pytest.fixture
def server() -> Iterator[ToolsCallServer]:
    """A real server on loopback with the sample catalogue behind it."""
    with ToolsCallServer() as running:
        yield running


@pytest.fixture
def make_toolbox(server: ToolsCallServer) -> Iterator[MakeToolbox]:
    """Build a real-mode toolbox for the live server, or for another address."""
    transports: list[Transport] = []

    def make(
        *,
        url: str = "",
        token: str = "",
        fallback: bool = False,
        timeout_seconds: float = 10,
        max_retries: int = 0,
    ) -> RealToolbox:
        transport = Transport(url or server.url, token or server.token)
        transports.append(transport)
        return RealToolbox(
            ToolsCallWire(transport),
            MockReads(),
            fallback=fallback,
            timeout_seconds=timeout_seconds,
            max_retries=max_retries,
        )

    yield make
    for transport in transports:
        transport.close()


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let retries follow at once; the pauses they would have made are in the list."""
    pauses: list[float] = []
    monkeypatch.setattr("orchestrator.tools.mcp.effort.sleep", pauses.append)
    return pauses
