"""The tools over the sample catalogue: they behave like a provider and need no network.

Two classes, so that what must not happen cannot be written: `MockReads`, the stand-in of the real
mode, has no way to register anybody.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolMissingError, ToolRefusedError
from orchestrator.tools.mock import answers, catalogue
from orchestrator.tools.mock.catalogue import SampleProgram
from orchestrator.tools.mock.search import search

WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the password that shows what a refusal looks like
SHOWN = (
    "program_ref",
    "title",
    "description",
    "schedule",
    "price_cents",
    "currency",
    "spots_left",
    "opens_at",
)
TAKES = {
    Tool.SEARCH_PROVIDER: {"query", "location", "coords"},
    Tool.FIND_PROGRAMS: {"org_ref", "credentials"},
    Tool.CHECK_PREREQUISITES: {"org_ref", "program_ref", "credentials"},
    Tool.DISCOVER_FIELDS: {"org_ref", "program_ref", "credentials"},
    Tool.SUBMIT_REGISTRATION: {
        "org_ref",
        "program_ref",
        "answers",
        "credentials",
        "idempotency_key",
    },
}
Args = Mapping[str, Any]


class MockReads:
    """The four reading tools; results have the shape that a server would send."""

    def __init__(self) -> None:
        self._tools: dict[Tool, Callable[[Args], dict[str, Any]]] = {
            Tool.SEARCH_PROVIDER: self._search,
            Tool.FIND_PROGRAMS: self._find_programs,
            Tool.CHECK_PREREQUISITES: self._check_prerequisites,
            Tool.DISCOVER_FIELDS: self._discover_fields,
        }

    def call(self, tool: Tool, args: Args) -> dict[str, Any]:
        """Return the tool's result.

        :raises ToolRefusedError: if the provider would say no
        :raises ToolMissingError: if there is no such tool here
        """
        if tool not in self._tools:
            raise ToolMissingError
        if (args.get("credentials") or {}).get("password") == WRONG_PASSWORD:
            raise ToolRefusedError("login_failed", "This e-mail and password do not match.")
        return self._tools[tool](args)

    def list_tools(self) -> dict[str, frozenset[str]]:
        """Return the arguments that each tool takes, by the tool's MCP name."""
        return {tool.mcp_name: frozenset(TAKES[tool]) for tool in self._tools}

    def _search(self, args: Args) -> dict[str, Any]:
        return {"providers": search(args)}

    def _find_programs(self, args: Args) -> dict[str, Any]:
        programs: list[Mapping[str, Any]] = [*catalogue.provider(args.get("org_ref"))["programs"]]
        return {
            "programs": [
                {key: program[key] for key in SHOWN if key in program} for program in programs
            ]
        }

    def _check_prerequisites(self, args: Args) -> dict[str, Any]:
        return {"prerequisites": dict(_program(args)["prerequisites"])}

    def _discover_fields(self, args: Args) -> dict[str, Any]:
        return {"fields": [dict(field) for field in _form(_program(args))]}


class MockTools(MockReads):
    """The reading tools and a registration that books nothing: for the mock mode alone."""

    def __init__(self, *, reference_prefix: str = "SAMPLE") -> None:
        super().__init__()
        self._prefix = reference_prefix
        self._tools[Tool.SUBMIT_REGISTRATION] = self._submit

    def _submit(self, args: Args) -> dict[str, Any]:
        program = _program(args)
        if any(_status(value) != "ok" for value in program["prerequisites"].values()):
            raise ToolRefusedError("prerequisite_missing", "Something is still missing.")
        if program["registration"] == "closed":
            raise ToolRefusedError("registration_closed", "Registration is closed.")
        is_full = program["spots_left"] == 0
        if is_full and not program["waitlist"]:
            raise ToolRefusedError("program_full", "This program is full.")
        if not answers.are_valid(args.get("answers"), _form(program)):
            raise ToolRefusedError("invalid_answers", "Some answers do not fit the form.")
        # From the key alone: asking twice gives the same booking, and nothing need be kept.
        number = hashlib.sha256(str(args["idempotency_key"]).encode()).hexdigest()[:8].upper()
        return {
            "status": "waitlisted" if is_full else "confirmed",
            "confirmation_ref": f"{self._prefix}-{number}",
            "message": f"{program['title']}, {program['schedule']}",
        }


def _program(args: Args) -> SampleProgram:
    return catalogue.program(args.get("org_ref"), args.get("program_ref"))


def _form(program: SampleProgram) -> list[dict[str, Any]]:
    return catalogue.load()["forms"][program["form"]]


def _status(prerequisite: Any) -> Any:
    return prerequisite if isinstance(prerequisite, str) else prerequisite["status"]
