"""What every wire to the tool server offers, whatever it speaks."""

from collections.abc import Mapping
from typing import Any, Protocol

from orchestrator.tools.contract import Tool
from orchestrator.tools.mcp.effort import Effort


class ToolServer(Protocol):
    """A server that has tools. Raises ToolError and nothing else."""

    def call(self, tool: Tool, args: Mapping[str, Any], effort: Effort) -> Mapping[str, Any]:
        """Return the tool's result as the server gave it, unchecked.

        Reads are tried again within the effort; a submission leaves at most once.

        :raises ToolError: if there is none
        """

    def list_tools(self, effort: Effort) -> dict[str, frozenset[str]]:
        """Return the arguments that each tool's input schema lists, by the tool's MCP name.

        :raises ToolError: if the server does not say
        """

    def close(self) -> None:
        """Give back what the server keeps for us, if it keeps anything; never raises."""
