"""Spending the retries of the whole process…"""

import socket

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolUnavailableError
from orchestrator.tools.mcp.budget import RetryBudget
from orchestrator.tools.mcp.connection import ConnectRetry
from orchestrator.tools.toolbox import RealToolbox
from tests.orchestrator.tools.conftest import MakeToolbox
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

PROGRAMS = "scp.get_programs"
CLUB = {"org_ref": "blackhawk-ski"}


def test_ends_when_half_of_it_is_gone() -> None:
    budget = RetryBudget()

    assert [budget.take() for _ in range(8)] == [True] * 6 + [False] * 2


def test_is_earned_back_a_tenth_at_a_time() -> None:
    budget = RetryBudget()
    while budget.take():
        pass
    for _ in range(9):
        budget.earn()
    assert not budget.take()
    for _ in range(2):
        budget.earn()
    assert budget.take()


def test_never_saves_up_more_than_a_full_one() -> None:
    budget = RetryBudget()
    for _ in range(1_000):
        budget.earn()

    assert sum(budget.take() for _ in range(20)) == 6


def test_is_shared_by_all_calls(
    server: ToolsCallServer, make_toolbox: MakeToolbox, no_waiting: list[float]
) -> None:
    toolbox = make_toolbox(max_retries=3)
    server.script(PROGRAMS, Script(status=429))  # which the breaker does not mind

    assert [attempts_of_a_failure(toolbox) for _ in range(4)] == [4, 4, 1, 1]
    assert len(no_waiting) == 6


def test_is_earned_back_by_calls_that_succeed(
    server: ToolsCallServer, make_toolbox: MakeToolbox, no_waiting: list[float]
) -> None:
    toolbox = make_toolbox(max_retries=3)
    server.script(PROGRAMS, Script(status=429), times=9)
    assert [attempts_of_a_failure(toolbox) for _ in range(3)] == [4, 4, 1]

    for _ in range(11):
        toolbox.call(Tool.FIND_PROGRAMS, CLUB)

    server.script(PROGRAMS, Script(status=429))
    assert attempts_of_a_failure(toolbox) == 2


def test_pays_for_connecting_again_too(
    make_toolbox: MakeToolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConnectRetry, "get_backoff_time", lambda _: 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    toolbox = make_toolbox(url=nobody, max_retries=3)

    assert [attempts_of_a_failure(toolbox) for _ in range(4)] == [4, 4, 1, 1]


def attempts_of_a_failure(toolbox: RealToolbox) -> int:
    """Return how often a read was tried before it failed."""
    with pytest.raises(ToolUnavailableError) as caught:
        toolbox.call(Tool.FIND_PROGRAMS, CLUB)
    return caught.value.attempts
