"""The six tools over the sample catalogue, written as an SDK reads them: one typed method each.

Nothing in here knows which SDK serves it: `answer` turns a result or a refusal into what the SDK
sends. Django is not needed either, so that the environment of the SDK 1.x can import it.
"""

import json
import time
from collections.abc import Callable
from typing import Any, TypedDict

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolRefusedError
from orchestrator.tools.mock.tools import MockTools

TOKEN = "a-token-for-the-sdk"
TOOL_TEXT = "canary-from-inside-the-tool"  # what a tool that breaks has to say
Answer = Callable[[dict[str, Any], bool], Any]  # the body, and whether it is a refusal


class Script(TypedDict, total=False):
    """How a tool misbehaves, from the next call on."""

    sleep: float  # do what was asked, and answer so many seconds late
    breaks: bool  # raise an exception that nobody expected
    refuse: str  # say no with this code


class SampleTools:
    """The tools, the calls they got, and the bookings they made."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.bookings: dict[str, dict[str, Any]] = {}  # by idempotency key
        self.scripts: dict[str, Script] = {}
        self._tools = MockTools(reference_prefix="SDK")

    def run(self, tool: Tool, answer: Answer, args: dict[str, Any]) -> Any:
        """Return what the SDK is to send."""
        given = {name: value for name, value in args.items() if value is not None}
        self.calls.append({"tool": tool.mcp_name, "args": given})
        script = self.scripts.get(tool.mcp_name, {})
        try:
            if script.get("breaks"):
                raise RuntimeError(TOOL_TEXT)
            if code := script.get("refuse"):
                raise ToolRefusedError(code, TOOL_TEXT)
            result = self._do(tool, given)
        except ToolRefusedError as refusal:
            return answer({"error": {"code": refusal.code, "message": refusal.message}}, True)
        finally:
            time.sleep(script.get("sleep", 0))
        return answer(result, False)

    def _do(self, tool: Tool, args: dict[str, Any]) -> dict[str, Any]:
        key = str(args.get("idempotency_key", ""))
        if tool is Tool.GET_REGISTRATION:
            if key not in self.bookings:
                raise ToolRefusedError("not_found", "There is no such registration.")
            return self.bookings[key]
        result = self._tools.call(tool, args)
        if tool is Tool.SUBMIT_REGISTRATION:
            self.bookings[key] = result
        return result


def methods(tools: SampleTools, answer: Answer) -> dict[str, Callable[..., Any]]:
    """Return a function for each tool by its MCP name; an SDK takes the schema from its types."""

    def search_providers(
        query: str, location: str | None = None, coords: dict[str, float] | None = None
    ) -> Any:
        return tools.run(
            Tool.SEARCH_PROVIDER, answer, {"query": query, "location": location, "coords": coords}
        )

    def get_programs(org_ref: str, credentials: dict[str, str] | None = None) -> Any:
        return tools.run(
            Tool.FIND_PROGRAMS, answer, {"org_ref": org_ref, "credentials": credentials}
        )

    def check_prerequisites(
        org_ref: str, program_ref: str, credentials: dict[str, str] | None = None
    ) -> Any:
        return tools.run(
            Tool.CHECK_PREREQUISITES,
            answer,
            {"org_ref": org_ref, "program_ref": program_ref, "credentials": credentials},
        )

    def discover_required_fields(
        org_ref: str, program_ref: str, credentials: dict[str, str] | None = None
    ) -> Any:
        return tools.run(
            Tool.DISCOVER_FIELDS,
            answer,
            {"org_ref": org_ref, "program_ref": program_ref, "credentials": credentials},
        )

    def submit_registration(
        org_ref: str,
        program_ref: str,
        answers: dict[str, Any],
        credentials: dict[str, str],
        idempotency_key: str,
    ) -> Any:
        return tools.run(
            Tool.SUBMIT_REGISTRATION,
            answer,
            {
                "org_ref": org_ref,
                "program_ref": program_ref,
                "answers": answers,
                "credentials": credentials,
                "idempotency_key": idempotency_key,
            },
        )

    def get_registration(idempotency_key: str) -> Any:
        return tools.run(Tool.GET_REGISTRATION, answer, {"idempotency_key": idempotency_key})

    return {
        Tool.SEARCH_PROVIDER.mcp_name: search_providers,
        Tool.FIND_PROGRAMS.mcp_name: get_programs,
        Tool.CHECK_PREREQUISITES.mcp_name: check_prerequisites,
        Tool.DISCOVER_FIELDS.mcp_name: discover_required_fields,
        Tool.SUBMIT_REGISTRATION.mcp_name: submit_registration,
        Tool.GET_REGISTRATION.mcp_name: get_registration,
    }


def as_text(body: dict[str, Any]) -> str:
    """Return a body as the one JSON text block of a result."""
    return json.dumps(body)
