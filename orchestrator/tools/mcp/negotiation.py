"""Which wire a server speaks: asked once, remembered as long as it holds."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolAuthError, ToolFailedError, ToolVersionUnsupportedError
from orchestrator.tools.mcp.client import ToolServer
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.handshake import HandshakeWire
from orchestrator.tools.mcp.retrying import aside
from orchestrator.tools.mcp.stateless import StatelessWire
from orchestrator.tools.mcp.streamable import StreamableServer
from orchestrator.tools.mcp.tools_call import ToolsCallServer
from orchestrator.tools.mcp.transport import Transport
from orchestrator.tools.mcp.wire import NoEndpointError

Answer = TypeVar("Answer")


def server_for(setting: str, transport: Transport) -> ToolServer:
    """Return the server at the transport's other end, spoken to as MCP_TRANSPORT says."""
    if setting == "tools-call":
        return ToolsCallServer(transport)
    return NegotiatedServer(transport, bare_too=setting == "auto")


class NegotiatedServer:
    """A server that is asked for its wire at the first call.

    The verdict holds for this object, of which a process has one per server, until an answer
    contradicts it. A read then goes out again on the right wire; a submission has to be made anew.
    """

    def __init__(self, transport: Transport, *, bare_too: bool) -> None:
        self._modern, self._session = StatelessWire(transport), HandshakeWire(transport)
        self._stateless = StreamableServer(self._modern)
        self._handshake = StreamableServer(self._session)
        self._bare = ToolsCallServer(transport) if bare_too else None
        self._verdict: ToolServer | None = None

    def call(self, tool: Tool, args: Mapping[str, Any], effort: Effort) -> Mapping[str, Any]:
        """Return the tool's result, unchecked.

        :raises ToolError: if there is none
        """
        once = not tool.is_read
        return self._on_its_wire(lambda server: server.call(tool, args, effort), effort, once=once)

    def list_tools(self, effort: Effort) -> dict[str, frozenset[str]]:
        """Return the arguments that each tool's input schema lists, by the tool's MCP name.

        :raises ToolError: if the server does not say
        """
        return self._on_its_wire(lambda server: server.list_tools(effort), effort)

    def close(self) -> None:
        """Let the server forget us."""
        self._handshake.close()

    def _on_its_wire(
        self, deed: Callable[[ToolServer], Answer], effort: Effort, *, once: bool = False
    ) -> Answer:
        known = self._verdict
        if known is not None:
            try:
                return deed(known)
            except ToolVersionUnsupportedError:
                self._verdict = None
                if once:
                    raise
            except ToolFailedError:
                if known is self._bare and effort.status in {404, 405}:
                    self._verdict = None  # there may be another server now: the next call asks
                raise
        return deed(self.ask(effort))

    def ask(self, effort: Effort) -> ToolServer:
        """Return the server on the newest wire it speaks, and remember which that is.

        :raises ToolVersionUnsupportedError: if it speaks none of them
        :raises ToolError: if it does not say: an outage is no verdict
        """
        with aside(effort):
            self._verdict = self._newest(effort)
        return self._verdict

    def _newest(self, effort: Effort) -> ToolServer:
        try:
            if self._modern.is_spoken(effort):
                return self._stateless
        except ToolAuthError:
            pass  # gateways refuse what they do not know; the next answer tells
        try:
            self._session.connect(effort)
        except NoEndpointError:
            if self._bare is None:
                raise
            return self._bare
        return self._handshake
