"""A tool call within its deadline…"""

import socket
import time

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolTimeoutError
from tests.orchestrator.tools.conftest import MakeToolbox
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

CLUB = {"org_ref": "blackhawk-ski"}
CLOSE = {"Connection": "close"}


@pytest.mark.parametrize(
    "script",
    [Script(silent=True), Script(drip=True), Script(delay=9), Script(drip=True, headers=CLOSE)],
)
def test_ends_on_time_however_the_server_stalls(
    server: ToolsCallServer, make_toolbox: MakeToolbox, script: Script
) -> None:
    server.script("scp.get_programs", script)
    start = time.monotonic()

    with pytest.raises(ToolTimeoutError) as caught:
        make_toolbox(timeout_seconds=3, max_retries=3, fallback=True).call(Tool.FIND_PROGRAMS, CLUB)

    assert time.monotonic() - start == pytest.approx(3, abs=0.75)
    assert caught.value.elapsed_ms == pytest.approx(3000, abs=750)
    assert caught.value.code == "mcp_timeout"
    assert server.count("scp.get_programs") == 1


def test_ends_on_time_when_a_drip_runs_dry(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    server.script("scp.get_programs", Script(drip=True, drip_seconds=2.1))
    start = time.monotonic()

    with pytest.raises(ToolTimeoutError):
        make_toolbox(timeout_seconds=3).call(Tool.FIND_PROGRAMS, CLUB)

    assert time.monotonic() - start == pytest.approx(3, abs=1.2)


def test_counts_the_time_that_connecting_took(
    server: ToolsCallServer, make_toolbox: MakeToolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        time.sleep(2.4)
        real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    server.script("scp.get_programs", Script(silent=True))
    start = time.monotonic()

    with pytest.raises(ToolTimeoutError):
        make_toolbox(timeout_seconds=3).call(Tool.FIND_PROGRAMS, CLUB)

    assert time.monotonic() - start == pytest.approx(3, abs=1.2)


def test_covers_retries_and_their_pauses(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    server.script("scp.get_programs", Script(status=503, delay=1.6))
    start = time.monotonic()

    with pytest.raises(Exception, match="mcp_"):
        make_toolbox(timeout_seconds=4, max_retries=3).call(Tool.FIND_PROGRAMS, CLUB)

    assert time.monotonic() - start < 5
    assert server.count("scp.get_programs") <= 2


def test_leaves_the_outcome_of_a_submission_open(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    server.script("scp.submit_registration", Script(silent=True))

    with pytest.raises(ToolTimeoutError) as caught:
        make_toolbox(timeout_seconds=1, max_retries=3).call(
            Tool.SUBMIT_REGISTRATION, CLUB | {"idempotency_key": "key-1"}
        )

    assert caught.value.maybe_sent
    assert server.count("scp.submit_registration") == 1
