"""Leaving a server in trouble alone…"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import (
    ToolAuthError,
    ToolCircuitOpenError,
    ToolError,
    ToolRefusedError,
    ToolTimeoutError,
    ToolUnavailableError,
)
from orchestrator.tools.mcp import breaker as breaker_module
from orchestrator.tools.mcp.breaker import OPEN_SECONDS, Breaker
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.toolbox import RealToolbox
from tests.orchestrator.tools.conftest import MakeToolbox
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

PROGRAMS, SUBMIT = "scp.get_programs", "scp.submit_registration"
CLUB = {"org_ref": "blackhawk-ski"}
REGISTRATION = {
    "org_ref": "blackhawk-ski",
    "program_ref": "blackhawk-family-night",
    "answers": {},
    "idempotency_key": "key-1",
}
DOWN = Script(status=503)
UP = Script()


class Clock:
    """A monotonic clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The breaker's clock, under our hand; there is no jitter."""
    clock = Clock()
    monkeypatch.setattr(breaker_module, "monotonic", clock)
    monkeypatch.setattr(breaker_module, "JITTER_SECONDS", 0.0)
    return clock


def fail(toolbox: RealToolbox, times: int = 5) -> None:
    """Let so many reads fail."""
    for _ in range(times):
        with pytest.raises(ToolError):
            toolbox.call(Tool.FIND_PROGRAMS, CLUB)


def tell(breaker: Breaker, error: ToolError | None = None, status: int | None = 503) -> None:
    """Let the breaker see one read that ends so."""
    effort = Effort(seconds=10, retries=0)
    effort.attempts, effort.status = 1, status
    with suppress(ToolError), breaker.guard(effort, read=True):
        if error is not None:
            raise error


def test_begins_at_the_fifth_failure_in_a_row(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    toolbox = make_toolbox()
    server.script(PROGRAMS, DOWN)
    fail(toolbox, 4)
    assert toolbox.condition().breaker == "closed"
    fail(toolbox, 1)
    assert toolbox.condition().breaker == "open"
    assert toolbox.condition().last_failure == "unavailable"

    took = []
    for _ in range(20):
        started = time.monotonic()
        with pytest.raises(ToolCircuitOpenError) as caught:
            toolbox.call(Tool.FIND_PROGRAMS, CLUB)
        took.append(time.monotonic() - started)

    assert min(took) < 0.005  # in the others, a busy machine did something else meanwhile
    assert (caught.value.code, caught.value.maybe_sent) == ("mcp_circuit_open", False)
    assert (caught.value.attempts, server.count(PROGRAMS)) == (0, 5)


def test_says_that_the_tool_was_not_called(
    server: ToolsCallServer, make_toolbox: MakeToolbox, caplog: pytest.LogCaptureFixture
) -> None:
    toolbox = make_toolbox(fallback=True)
    server.script(PROGRAMS, DOWN)
    for _ in range(5):
        toolbox.call(Tool.FIND_PROGRAMS, CLUB)
    caplog.clear()

    answer = toolbox.call(Tool.FIND_PROGRAMS, CLUB)

    assert (answer.source, answer.degraded, answer.fallback_reason) == (
        "mock",
        True,
        "circuit_open",
    )
    assert caplog.messages == [
        "[MCP] Tool scp.get_programs failed: unavailable",
        "[MCP] Falling back to mock tool for find_programs",
    ]


def test_begins_when_half_of_many_calls_fail(clock: Clock) -> None:
    breaker = Breaker()
    for _ in range(4):
        tell(breaker)
        tell(breaker, ToolUnavailableError())
    tell(breaker)
    assert breaker.state == "closed"
    tell(breaker, ToolTimeoutError())
    assert (breaker.state, breaker.last_failure) == ("open", "timeout")


def test_forgets_failures_of_long_ago(clock: Clock) -> None:
    breaker = Breaker()
    for _ in range(5):
        tell(breaker)
        tell(breaker, ToolUnavailableError())
        clock.now += 8
    assert breaker.state == "closed"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, 200),
        (ToolRefusedError("program_full"), 200),
        (ToolAuthError(), 401),
        (ToolUnavailableError(), 429),
    ],
)
def test_does_not_count_what_a_living_server_says(error: ToolError | None, status: int) -> None:
    breaker = Breaker()
    for _ in range(4):
        tell(breaker, ToolUnavailableError())
    tell(breaker, error, status)
    for _ in range(4):
        tell(breaker, ToolUnavailableError())
    assert breaker.state == "closed"


def test_learns_nothing_from_a_call_that_never_left() -> None:
    breaker = Breaker()
    for _ in range(9):
        with (
            pytest.raises(ToolUnavailableError),
            breaker.guard(Effort(seconds=1, retries=0), read=True),
        ):
            raise ToolUnavailableError
    assert breaker.state == "closed"


def test_lets_exactly_one_read_find_out(
    server: ToolsCallServer, make_toolbox: MakeToolbox, clock: Clock
) -> None:
    toolbox = make_toolbox(max_retries=3)
    server.script(PROGRAMS, Script(status=500))
    fail(toolbox)
    clock.now += OPEN_SECONDS
    assert toolbox.condition().breaker == "half_open"
    server.script(PROGRAMS, Script(status=503, delay=2))
    ends: list[tuple[float, str]] = []

    def ask() -> None:
        started = time.monotonic()
        try:
            toolbox.call(Tool.FIND_PROGRAMS, CLUB)
        except ToolError as error:
            ends.append((time.monotonic() - started, error.code))

    in_parallel(ask, 8)

    codes = sorted(code for _, code in ends)
    assert codes == ["mcp_circuit_open"] * 7 + ["mcp_unavailable"]
    assert all(seconds < 1.6 for seconds, code in ends if code == "mcp_circuit_open")
    assert server.count(PROGRAMS) == 5 + 1  # and that one is not tried again
    assert toolbox.condition().breaker == "open"


def test_ends_when_that_read_succeeds(
    server: ToolsCallServer, make_toolbox: MakeToolbox, clock: Clock
) -> None:
    toolbox = make_toolbox()
    server.script(PROGRAMS, DOWN)
    fail(toolbox)
    clock.now += OPEN_SECONDS
    server.script(PROGRAMS, UP)

    assert toolbox.call(Tool.FIND_PROGRAMS, CLUB).source == "mcp"
    assert toolbox.condition().breaker == "closed"
    server.script(PROGRAMS, DOWN)
    fail(toolbox, 4)
    assert toolbox.condition().breaker == "closed"


def test_lets_the_next_read_find_out_where_the_first_was_broken_off(clock: Clock) -> None:
    breaker = Breaker()
    for _ in range(5):
        tell(breaker, ToolUnavailableError())
    clock.now += OPEN_SECONDS
    with (
        pytest.raises(KeyboardInterrupt),
        breaker.guard(Effort(seconds=1, retries=0), read=True),
    ):
        raise KeyboardInterrupt
    states = [breaker.state]
    tell(breaker)
    assert [*states, breaker.state] == ["half_open", "closed"]


def test_takes_no_word_from_a_call_that_began_before(clock: Clock) -> None:
    breaker = Breaker()
    effort = Effort(seconds=1, retries=0)
    effort.attempts = 1
    with breaker.guard(effort, read=True):
        for _ in range(5):
            tell(breaker, ToolUnavailableError())
    assert breaker.state == "open"


def test_makes_no_call_wait_for_another(server: ToolsCallServer, make_toolbox: MakeToolbox) -> None:
    toolbox = make_toolbox()
    server.script(PROGRAMS, Script(delay=1))
    started = time.monotonic()

    in_parallel(lambda: toolbox.call(Tool.FIND_PROGRAMS, CLUB), 6)

    assert time.monotonic() - started < 3
    assert server.count(PROGRAMS) == 6


def test_stops_retries_that_are_under_way(
    server: ToolsCallServer, make_toolbox: MakeToolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolbox = make_toolbox(max_retries=3)
    server.script(PROGRAMS, DOWN)

    def outage(seconds: float) -> None:
        for _ in range(5):
            tell(toolbox._breaker, ToolUnavailableError())

    monkeypatch.setattr("orchestrator.tools.mcp.effort.sleep", outage)
    fail(toolbox, 1)

    assert server.count(PROGRAMS) == 2


def test_refuses_a_registration_before_it_leaves(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    toolbox = make_toolbox(fallback=True)
    assert toolbox.accepts_submissions()
    server.script(PROGRAMS, DOWN)
    for _ in range(5):
        toolbox.call(Tool.FIND_PROGRAMS, CLUB)
    calls = len(server.calls)

    assert not toolbox.accepts_submissions()
    with pytest.raises(ToolCircuitOpenError) as caught:
        toolbox.call(Tool.SUBMIT_REGISTRATION, REGISTRATION)

    assert not caught.value.maybe_sent
    assert (len(server.calls), server.bookings) == (calls, {})


def test_never_sends_a_registration_ahead_to_find_out(
    server: ToolsCallServer, make_toolbox: MakeToolbox, clock: Clock
) -> None:
    toolbox = make_toolbox()
    server.script(PROGRAMS, DOWN)
    fail(toolbox)
    clock.now += OPEN_SECONDS

    with pytest.raises(ToolCircuitOpenError):
        toolbox.call(Tool.SUBMIT_REGISTRATION, REGISTRATION)

    assert server.count(SUBMIT) == 0
    assert toolbox.accepts_submissions()  # a harmless read went ahead of it
    assert toolbox.call(Tool.SUBMIT_REGISTRATION, REGISTRATION).data["status"] == "confirmed"


def test_goes_on_where_the_harmless_read_fails_too(
    server: ToolsCallServer, make_toolbox: MakeToolbox, clock: Clock
) -> None:
    toolbox = make_toolbox()
    server.script(PROGRAMS, DOWN)
    server.script("scp.search_providers", DOWN)
    fail(toolbox)
    clock.now += OPEN_SECONDS

    assert not toolbox.accepts_submissions()
    assert toolbox.condition().breaker == "open"
    assert server.count("scp.search_providers") == 1


def in_parallel(deed: Callable[[], object], threads: int) -> None:
    """Do the same on so many threads at once."""
    together = threading.Barrier(threads)

    def run() -> None:
        together.wait()
        deed()

    crowd = [threading.Thread(target=run) for _ in range(threads)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
