"""The bare wire: `POST /tools/call {tool, args}` answers the bare result; `GET /tools` lists."""

import json
import re
from collections.abc import Mapping
from typing import Any

from orchestrator.tools import schema
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import (
    REFUSALS,
    ToolAuthError,
    ToolBadResponseError,
    ToolError,
    ToolFailedError,
    ToolMissingError,
    ToolRefusedError,
    ToolUnavailableError,
)
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.transport import HttpAnswer, Transport

REQUEST_LIMIT = 256 * 1024
WORTH_ANOTHER_TRY = frozenset({429, 502, 503, 504})
NEVER_EXECUTED = frozenset({400, 401, 403, 405, 406, 411, 413, 415, 421, 429})
UNKNOWN_TOOL = frozenset({"unknown_tool", "tool_not_found"})
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


class ToolsCallServer:
    """A tool server on the bare wire.

    A tool refuses with `{"error": {"code", "message"}}` under any status. Where the status alone
    says that the service is in trouble (401, 403, 429, 5xx), only a code we know counts as a
    refusal: a gateway's own error page must not pass for the provider's word.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def call(self, tool: Tool, args: Mapping[str, Any], effort: Effort) -> Mapping[str, Any]:
        """Return the tool's bare result, unchecked.

        :raises ToolError: if there is none
        """
        body = json.dumps({"tool": tool.mcp_name, "args": args}, allow_nan=False).encode()
        if len(body) > REQUEST_LIMIT:
            raise ToolFailedError
        headers = {"Content-Type": "application/json"}
        if key := args.get("idempotency_key"):
            headers["Idempotency-Key"] = str(key)
        answer = self._answer(tool, body, headers, effort)
        if refusal := _refusal(answer):
            raise refusal
        if answer.status == 404 and self._lacks(tool, effort):
            raise ToolMissingError
        _raise_for_status(answer)
        result = _json_object(answer)
        if result is None or answer.status == 202:
            raise ToolBadResponseError(maybe_sent=True)
        if result.get("error") is not None or result.get("success") is False:
            raise ToolFailedError(maybe_sent=True)
        return result

    def list_tools(self, effort: Effort) -> dict[str, frozenset[str]]:
        """Return the arguments that each tool's input schema lists, by the tool's MCP name.

        :raises ToolError: if the server does not say
        """
        answer = self._transport.exchange("GET", "/tools", effort=effort)
        _raise_for_status(answer)
        try:
            payload = schema.mapping(_json_object(answer))
            tools = [schema.mapping(item) for item in schema.items(payload.get("tools"))]
            return {schema.name(tool.get("name")): _arguments(tool) for tool in tools}
        except schema.InvalidError:
            pass
        raise ToolBadResponseError

    def _answer(
        self, tool: Tool, body: bytes, headers: Mapping[str, str], effort: Effort
    ) -> HttpAnswer:
        """Return the first answer worth reading; reads are tried again, a submission never is."""
        while True:
            try:
                answer = self._transport.exchange(
                    "POST",
                    "/tools/call",
                    effort=effort,
                    body=body,
                    headers=headers,
                    fresh=not tool.is_read,
                )
            except ToolUnavailableError:
                if tool.is_read and effort.try_again():
                    continue
                raise
            if (
                tool.is_read
                and answer.status in WORTH_ANOTHER_TRY
                and _refusal(answer) is None
                and effort.try_again(after=_retry_after(answer))
            ):
                continue
            return answer

    def _lacks(self, tool: Tool, effort: Effort) -> bool:
        try:
            return tool.mcp_name not in self.list_tools(effort)
        except ToolError:
            return False


def _arguments(tool: Mapping[str, object]) -> frozenset[str]:
    described = schema.mapping(tool.get("inputSchema", {}))
    return frozenset(schema.mapping(described.get("properties", {})))


def _refusal(answer: HttpAnswer) -> ToolError | None:
    """Return the tool's own no, if that is what the answer is."""
    error = (_json_object(answer) or {}).get("error")
    if not isinstance(error, Mapping):
        return None
    code, message = error.get("code"), error.get("message")
    if not isinstance(code, str) or not isinstance(message, str) or not _CODE.fullmatch(code):
        return None
    in_trouble = answer.status in {401, 403, 429} or answer.status >= 500
    if in_trouble and code not in REFUSALS:
        return None
    if code in UNKNOWN_TOOL:
        return ToolMissingError()
    return ToolRefusedError(code, message[: schema.MAX_TEXT])


def _raise_for_status(answer: HttpAnswer) -> None:
    """Return for a 2xx only.

    :raises ToolError: the kind that the status speaks of
    """
    status = answer.status
    maybe_sent = status not in NEVER_EXECUTED
    if status in {401, 403}:
        raise ToolAuthError(maybe_sent=maybe_sent)
    if status == 429 or status >= 500:
        raise ToolUnavailableError(maybe_sent=maybe_sent)
    if status >= 400:
        raise ToolFailedError(maybe_sent=maybe_sent)
    if status >= 300:
        raise ToolBadResponseError(maybe_sent=maybe_sent)  # we follow nobody with a parent's data


def _retry_after(answer: HttpAnswer) -> float | None:
    wish = answer.headers.get("Retry-After", "")
    return float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 7 else None


def _json_object(answer: HttpAnswer) -> dict[str, object] | None:
    """Return the JSON object that the body holds, or None where it holds anything else."""
    kind = answer.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        return None
    try:
        found = json.loads(answer.body, parse_constant=_refuse, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(constant: str) -> object:
    raise ValueError("NaN and the infinities are not JSON")


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
