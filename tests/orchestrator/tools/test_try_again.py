"""Trying a read again…"""

import socket

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError, ToolTimeoutError, ToolUnavailableError
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.transport import Transport
from tests.orchestrator.tools.conftest import MakeToolbox
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

PROGRAMS = "scp.get_programs"
CLUB = {"org_ref": "blackhawk-ski"}


@pytest.fixture
def closed_port() -> str:
    """The address of a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    "script", [Script(status=status) for status in (429, 502, 503, 504)] + [Script(cut=True)]
)
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_stops_after_exactly_the_retries_it_has(
    server: ToolsCallServer,
    make_toolbox: MakeToolbox,
    no_waiting: list[float],
    script: Script,
    retries: int,
) -> None:
    server.script(PROGRAMS, script)

    with pytest.raises(ToolUnavailableError) as caught:
        make_toolbox(max_retries=retries).call(Tool.FIND_PROGRAMS, CLUB)

    assert server.count(PROGRAMS) == caught.value.attempts == retries + 1
    assert len(no_waiting) == retries


def test_succeeds_when_the_trouble_passes(
    server: ToolsCallServer, make_toolbox: MakeToolbox, no_waiting: list[float]
) -> None:
    server.script(PROGRAMS, Script(status=503), times=2)

    answer = make_toolbox(max_retries=3).call(Tool.FIND_PROGRAMS, CLUB)

    assert (answer.source, answer.attempts) == ("mcp", 3)


@pytest.mark.parametrize(
    "script",
    [
        Script(status=500),
        Script(status=400),
        Script(status=401),
        Script(status=422, refuse="program_full"),
        Script(status=200, body=b"not json"),
    ],
)
def test_is_not_done_where_it_would_not_help(
    server: ToolsCallServer, make_toolbox: MakeToolbox, script: Script
) -> None:
    server.script(PROGRAMS, script)

    with pytest.raises(ToolError):
        make_toolbox(max_retries=3).call(Tool.FIND_PROGRAMS, CLUB)

    assert server.count(PROGRAMS) == 1


def test_reaches_for_a_closed_port_as_often_and_calls_it_unavailable(
    closed_port: str, make_toolbox: MakeToolbox
) -> None:
    with pytest.raises(ToolUnavailableError) as caught:
        make_toolbox(url=closed_port, max_retries=2).call(Tool.FIND_PROGRAMS, CLUB)

    assert caught.value.attempts == 3
    assert not caught.value.maybe_sent


def test_shares_one_budget_between_connecting_and_asking(
    server: ToolsCallServer,
    make_toolbox: MakeToolbox,
    no_waiting: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real_connect = socket.socket.connect
    refusals = iter([True, True])

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        if next(refusals, False):
            raise ConnectionRefusedError
        real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    server.script(PROGRAMS, Script(status=503, headers={"Connection": "close"}))

    with pytest.raises(ToolUnavailableError) as caught:
        make_toolbox(max_retries=3).call(Tool.FIND_PROGRAMS, CLUB)

    assert caught.value.attempts == 4
    assert server.count(PROGRAMS) == 2


def test_waits_as_long_as_the_server_asks(
    server: ToolsCallServer, make_toolbox: MakeToolbox, no_waiting: list[float]
) -> None:
    server.script(PROGRAMS, Script(status=503, headers={"Retry-After": "2"}), times=1)

    make_toolbox(max_retries=3).call(Tool.FIND_PROGRAMS, CLUB)

    assert no_waiting == [2.0]


def test_lets_the_deadline_decide_when_the_server_asks_for_longer(
    server: ToolsCallServer, make_toolbox: MakeToolbox, no_waiting: list[float]
) -> None:
    server.script(PROGRAMS, Script(status=503, headers={"Retry-After": "3600"}))

    with pytest.raises(ToolTimeoutError):
        make_toolbox(max_retries=3, timeout_seconds=7).call(Tool.FIND_PROGRAMS, CLUB)

    assert server.count(PROGRAMS) == 1
    assert no_waiting == [pytest.approx(7, abs=1)]


def test_does_not_wait_without_a_retry_to_wait_for(
    server: ToolsCallServer, make_toolbox: MakeToolbox, no_waiting: list[float]
) -> None:
    server.script(PROGRAMS, Script(status=503, headers={"Retry-After": "3600"}))

    with pytest.raises(ToolUnavailableError):
        make_toolbox(max_retries=0).call(Tool.FIND_PROGRAMS, CLUB)

    assert no_waiting == []


def test_gives_up_connecting_where_the_pause_would_not_fit(closed_port: str) -> None:
    effort = Effort(seconds=1.2, retries=3)

    with pytest.raises(ToolUnavailableError):
        Transport(closed_port, "").exchange("GET", "/tools", effort=effort)

    assert effort.attempts == 2  # the first retry comes at once, the next half a second later
    assert effort.left > 1


def test_backs_off_longer_each_time_and_never_past_the_deadline(no_waiting: list[float]) -> None:
    effort = Effort(seconds=30, retries=3)
    assert [effort.try_again() for _ in range(4)] == [True, True, True, False]
    assert all(0 <= pause <= most for pause, most in zip(no_waiting, (0.5, 1, 2), strict=True))

    assert not Effort(seconds=0.9, retries=3).try_again()
