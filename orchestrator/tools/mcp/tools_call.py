"""The bare wire: `POST /tools/call {tool, args}` answers the bare result; `GET /tools` lists."""

from collections.abc import Mapping
from typing import Any

from orchestrator.tools import schema
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolBadResponseError, ToolError, ToolMissingError
from orchestrator.tools.mcp.answers import (
    encoded,
    json_object,
    media_type,
    raise_for_failure,
    raise_for_status,
    refusal_in,
)
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.retrying import aside, persist
from orchestrator.tools.mcp.transport import HttpAnswer, Transport


class ToolsCallServer:
    """A tool server on the bare wire; a tool refuses with `{"error": {…}}` under any status."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def call(self, tool: Tool, args: Mapping[str, Any], effort: Effort) -> Mapping[str, Any]:
        """Return the tool's bare result, unchecked.

        :raises ToolError: if there is none
        """
        body = encoded({"tool": tool.mcp_name, "args": args})
        once = not tool.is_read
        headers = {"Content-Type": "application/json"}
        if once and (key := args.get("idempotency_key")):
            headers["Idempotency-Key"] = str(key)

        def attempt() -> Mapping[str, Any]:
            effort.protocol = "tools-call"
            answer = self._transport.exchange(
                "POST", "/tools/call", effort=effort, body=body, headers=headers, fresh=once
            )
            return self._result(tool, answer, effort)

        return persist(attempt, effort, once=once)

    def list_tools(self, effort: Effort) -> dict[str, frozenset[str]]:
        """Return the arguments that each tool's input schema lists, by the tool's MCP name.

        :raises ToolError: if the server does not say
        """
        return persist(lambda: self._list(effort), effort)

    def close(self) -> None:
        """Do nothing: this wire keeps no session."""

    def _result(self, tool: Tool, answer: HttpAnswer, effort: Effort) -> Mapping[str, Any]:
        result = _object_in(answer)
        if refusal := refusal_in(result, status=answer.status):
            raise refusal
        if answer.status == 404 and self._lacks(tool, effort):
            raise ToolMissingError
        raise_for_status(answer.status, answer.headers)
        if result is None or answer.status == 202:
            raise ToolBadResponseError(maybe_sent=True)
        raise_for_failure(result)
        return result

    def _lacks(self, tool: Tool, effort: Effort) -> bool:
        try:
            with aside(effort):
                return tool.mcp_name not in self._list(effort)
        except ToolError:
            return False

    def _list(self, effort: Effort) -> dict[str, frozenset[str]]:
        answer = self._transport.exchange("GET", "/tools", effort=effort)
        raise_for_status(answer.status, answer.headers)
        try:
            payload = schema.mapping(_object_in(answer))
            tools = [schema.mapping(item) for item in schema.items(payload.get("tools"))]
            return {schema.name(tool.get("name")): arguments_of(tool) for tool in tools}
        except schema.InvalidError:
            pass  # raised below, without a context that could hold the tool's text
        raise ToolBadResponseError


def arguments_of(tool: Mapping[str, object]) -> frozenset[str]:
    """Return the arguments that a listed tool's input schema names.

    :raises schema.InvalidError: if it is no schema
    """
    described = schema.mapping(tool.get("inputSchema", {}))
    return frozenset(schema.mapping(described.get("properties", {})))


def _object_in(answer: HttpAnswer) -> dict[str, object] | None:
    kind = media_type(answer.headers, default="application/json")
    if kind != "application/json" and not kind.endswith("+json"):
        return None
    return json_object(answer.body)
