"""The one door to the provider tools: real or sample, retried, recorded in the log, checked.

There are two toolboxes and no switch inside: the real one holds sample tools that can only read, so
there is no way from a submission to a made-up booking.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, Protocol

from django.conf import settings

from orchestrator.tools import contract
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import (
    Source,
    ToolCircuitOpenError,
    ToolError,
    ToolMissingError,
    ToolRefusedError,
    ToolUnavailableError,
)
from orchestrator.tools.mcp.breaker import Breaker, State
from orchestrator.tools.mcp.budget import RetryBudget
from orchestrator.tools.mcp.client import ToolServer
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.negotiation import server_for
from orchestrator.tools.mcp.transport import Transport
from orchestrator.tools.mock.tools import MockReads, MockTools

log = logging.getLogger("orchestrator.tools")

HARMLESS = {"query": "ski"}
PROBE_SECONDS = 5.0

FallbackReason = Literal["unavailable", "circuit_open", "tool_missing"]


@dataclass(frozen=True)
class ToolAnswer:
    """A checked result and where it came from.

    `data` is what `contract.parse` makes of the tool's result: a list of `Provider`, `Program`,
    `Prerequisite` or `Field`, or one `Booking`. `degraded`: sample data stands in for the real.
    """

    data: Any
    source: Source
    degraded: bool = False
    fallback_reason: FallbackReason | None = None
    attempts: int = 1
    elapsed_ms: int = 0
    protocol: str | None = None
    http_status: int | None = None


@dataclass(frozen=True)
class Condition:
    """How this process stands with the tools; `last_failure` is the log's word for it."""

    mode: Literal["real", "mock"]
    breaker: State = "closed"
    last_failure: str | None = None


class Toolbox(Protocol):
    """What the rest of the service may ask of the provider tools."""

    @property
    def real(self) -> bool:
        """Return whether registrations reach a provider."""

    def call(
        self,
        tool: Tool,
        args: Mapping[str, Any],
        *,
        credentials: Mapping[str, str] | None = None,
        only_mock: bool = False,
    ) -> ToolAnswer:
        """Return the tool's answer, checked.

        `only_mock` is for a plan that began on sample data: nothing leaves the machine, and in
        real mode no login may come along.

        :raises ToolError: with `attempts`, `elapsed_ms`, `source`; a submission's `maybe_sent`
        :raises ValueError: if, in real mode, a login or a submission was meant for sample tools
        """

    def list_tools(self) -> dict[str, frozenset[str]]:
        """Return the arguments that each tool takes, by the tool's MCP name.

        :raises ToolError: if the server does not say
        """

    def accepts_submissions(self) -> bool:
        """Return whether a registration would be tried now: to be asked before one is begun."""

    def condition(self) -> Condition:
        """Return how things stand, without asking anybody."""


class MockToolbox:
    """Samples only; opens no socket."""

    real = False

    def __init__(self, tools: MockTools) -> None:
        self._tools = tools

    def call(
        self,
        tool: Tool,
        args: Mapping[str, Any],
        *,
        credentials: Mapping[str, str] | None = None,
        only_mock: bool = False,
    ) -> ToolAnswer:
        """Return the sample tool's answer.

        :raises ToolError: if the sample provider says no
        """
        return _timed(lambda: _sample(self._tools, tool, _together(args, credentials)))

    def list_tools(self) -> dict[str, frozenset[str]]:
        """Return what the sample tools take; no look-up: a key may simply be sent again."""
        return self._tools.list_tools()

    def accepts_submissions(self) -> bool:
        """Return True: samples are always there."""
        return True

    def condition(self) -> Condition:
        """Return that these are samples."""
        return Condition("mock")


class RealToolbox:
    """The real server; where allowed, samples stand in for a read that it could not serve.

    All threads share its breaker and its retry budget, which are about this one server.
    """

    real = True

    def __init__(
        self,
        server: ToolServer,
        samples: MockReads,
        *,
        fallback: bool,
        timeout_seconds: float,
        max_retries: int,
    ) -> None:
        if isinstance(samples, MockTools):
            raise TypeError("the stand-in of the real mode may only read")
        self._server = server
        self._samples = samples
        self._fallback = fallback
        self._timeout_seconds = timeout_seconds
        self._max_retries = max_retries
        self._breaker = Breaker()
        self._budget = RetryBudget()

    def call(
        self,
        tool: Tool,
        args: Mapping[str, Any],
        *,
        credentials: Mapping[str, str] | None = None,
        only_mock: bool = False,
    ) -> ToolAnswer:
        """Return the server's answer, or a marked sample where the tool and the settings allow it.

        :raises ToolError: if there is none
        :raises ValueError: if a login or a submission was meant for sample tools
        """
        if only_mock:
            if credentials is not None or not tool.has_samples:
                raise ValueError("sample tools get no real login and register nobody in real mode")
            return replace(_timed(lambda: _sample(self._samples, tool, args)), degraded=True)
        return _timed(lambda: self._call(tool, args, credentials))

    def list_tools(self) -> dict[str, frozenset[str]]:
        """Return the arguments that each of the server's tools takes, by its MCP name.

        :raises ToolError: if the server does not say
        """
        effort = self._effort()
        with self._breaker.guard(effort, read=True):
            return self._server.list_tools(effort)

    def accepts_submissions(self) -> bool:
        """Return whether the breaker lets a registration through.

        A registration is never what finds out whether the server is back. Where nobody has read
        anything since the breaker would let them, a harmless question goes ahead of it.
        """
        if self._breaker.state == "half_open":
            with suppress(ToolError):
                self._ask(Tool.SEARCH_PROVIDER, HARMLESS, self._effort(at_most=PROBE_SECONDS))
        return self._breaker.state == "closed"

    def condition(self) -> Condition:
        """Return what the breaker says."""
        return Condition("real", self._breaker.state, self._breaker.last_failure)

    def _call(
        self, tool: Tool, args: Mapping[str, Any], credentials: Mapping[str, str] | None
    ) -> ToolAnswer:
        effort = self._effort()
        try:
            return self._ask(tool, _together(args, credentials), effort)
        except (ToolUnavailableError, ToolMissingError) as error:
            if not self._fallback or not tool.has_samples:
                raise
            trouble = error
        try:
            answer = _sample(self._samples, tool, args)  # never with the parent's real login
        except ToolRefusedError:
            raise trouble from None  # samples know nothing of this provider
        log.warning("[MCP] Falling back to mock tool for %s", tool)
        reason = _reason(trouble)
        return replace(answer, degraded=True, fallback_reason=reason, attempts=effort.attempts)

    def _ask(self, tool: Tool, args: Mapping[str, Any], effort: Effort) -> ToolAnswer:
        try:
            with self._breaker.guard(effort, read=tool.is_read):
                log.info("[MCP] Calling real tool: %s", tool.mcp_name)
                data = contract.parse(tool, self._server.call(tool, args, effort))
        except ToolError as error:
            log.warning("[MCP] Tool %s failed: %s", tool.mcp_name, error.log_word)
            error.attempts = effort.attempts
            error.protocol, error.http_status = effort.protocol, effort.status
            raise
        self._budget.earn()
        log.info("[MCP] Tool %s succeeded", tool.mcp_name)
        return ToolAnswer(
            data=data,
            source="mcp",
            attempts=effort.attempts,
            protocol=effort.protocol,
            http_status=effort.status,
        )

    def _effort(self, *, at_most: float = float("inf")) -> Effort:
        return Effort(
            seconds=min(at_most, self._timeout_seconds),
            retries=self._max_retries,
            may_retry=self._may_retry,
        )

    def _may_retry(self) -> bool:
        """Return whether the process can bear a retry; a server getting up is not to be crowded."""
        return self._breaker.state == "closed" and self._budget.take()


@cache
def get_toolbox() -> Toolbox:
    """Return this process's toolbox, as the settings describe it; `cache_clear()` forgets it."""
    if not settings.USE_REAL_MCP:
        return MockToolbox(MockTools())
    transport = Transport(settings.MCP_SERVER_URL, settings.MCP_ACCESS_TOKEN)
    return RealToolbox(
        server_for(settings.MCP_TRANSPORT, transport),
        MockReads(),
        fallback=settings.MCP_FALLBACK,
        timeout_seconds=settings.MCP_TIMEOUT_SECONDS,
        max_retries=settings.MCP_MAX_RETRIES,
    )


def _reason(trouble: ToolError) -> FallbackReason:
    match trouble:
        case ToolMissingError():
            return "tool_missing"
        case ToolCircuitOpenError():
            return "circuit_open"
    return "unavailable"


def _together(args: Mapping[str, Any], credentials: Mapping[str, str] | None) -> Mapping[str, Any]:
    """Return the arguments as a tool takes them; without a login there is no such key."""
    if "credentials" in args:
        raise ValueError("a login travels apart from the arguments")
    return args if credentials is None else {**args, "credentials": dict(credentials)}


def _sample(tools: MockReads, tool: Tool, args: Mapping[str, Any]) -> ToolAnswer:
    try:
        return ToolAnswer(data=contract.parse(tool, tools.call(tool, args)), source="mock")
    except ToolError as error:
        error.source, error.attempts = "mock", 1
        raise


def _timed(ask: Callable[[], ToolAnswer]) -> ToolAnswer:
    """Return the answer with the time it took; an error is told its time, too."""
    start = time.monotonic()
    try:
        answer = ask()
    except ToolError as error:
        error.elapsed_ms = _milliseconds_since(start)
        raise
    return replace(answer, elapsed_ms=_milliseconds_since(start))


def _milliseconds_since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
