"""What is counted of tool calls, for operators: whose it was and how it ended, never about whom."""

from prometheus_client import Counter, Gauge, Histogram

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolCircuitOpenError, ToolError, ToolRefusedError

LONGEST = 30.0  # seconds, the deadline of a call

CALLS = Counter(
    "signupassist_tool_calls",
    "Tool calls, by tool, by who was asked last and by how it ended.",
    ["tool", "source", "outcome"],
)
SECONDS = Histogram(
    "signupassist_tool_call_seconds",
    "How long a tool call took, retries included.",
    ["tool", "source"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, LONGEST),
)
BREAKER_OPEN_UNTIL = Gauge(
    "signupassist_mcp_breaker_open_until",
    "Until when (CLOCK_MONOTONIC) a process leaves the tool server alone; 0: it does not.",
    multiprocess_mode="liveall",
)


def count_answer(tool: Tool, source: str, elapsed_ms: int, *, is_fallback: bool = False) -> None:
    """Count a call that was answered, and the time that it took."""
    _count(tool, source, "fallback" if is_fallback else "ok", elapsed_ms)


def count_error(tool: Tool, error: ToolError) -> None:
    """Count a call that gave no result; a provider's own words for it are endless, ours are few."""
    match error:
        case ToolRefusedError():
            outcome = "refused"
        case ToolCircuitOpenError():
            outcome = "circuit_open"
        case _:
            outcome = error.log_word
    _count(tool, error.source, outcome, error.elapsed_ms)


def count_flaw(tool: Tool) -> None:
    """Count a call that a flaw of ours ended: nobody knows whom it got to."""
    CALLS.labels(tool.value, "none", "error").inc()


def _count(tool: Tool, source: str, outcome: str, elapsed_ms: int) -> None:
    CALLS.labels(tool.value, source, outcome).inc()
    SECONDS.labels(tool.value, source).observe(elapsed_ms / 1000)
