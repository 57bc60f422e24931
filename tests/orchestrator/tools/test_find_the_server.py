"""Finding the tool server by its name…"""

import socket
import threading
import time
from typing import Any

import pytest

from orchestrator.tools.errors import ToolError, ToolTimeoutError, ToolUnavailableError
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.transport import Transport
from tests.servers.hostile import Fault, HostileServer
from tests.servers.tools_call_server import ToolsCallServer

pytestmark = pytest.mark.once

NAME = "tools.example.invalid"


def resolve_to(patch: pytest.MonkeyPatch, *ports: int) -> None:
    """Let the name have one address for each of these ports of ours."""
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))
        for port in ports
    ]
    patch.setattr(socket, "getaddrinfo", lambda *_: found)


def ask(*, seconds: float, retries: int = 0) -> int:
    """Ask the server of that name for its tools; return the status."""
    transport = Transport(f"http://{NAME}:80", "a-test-token")
    try:
        return transport.exchange(
            "GET", "/tools", effort=Effort(seconds=seconds, retries=retries)
        ).status
    finally:
        transport.close()


def test_ends_on_time_and_with_one_thread_when_no_name_server_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silence = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: silence.wait(30) and [])
    threads = threading.active_count()
    started = time.monotonic()

    for _ in range(3):
        with pytest.raises(ToolTimeoutError) as caught:
            ask(seconds=0.5)
        assert not caught.value.maybe_sent

    assert time.monotonic() - started == pytest.approx(1.5, abs=0.4)
    assert threading.active_count() <= threads + 2  # the lookup, and at most the watchdog
    silence.set()


def test_calls_an_unknown_name_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "canary")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(ToolUnavailableError) as caught:
        ask(seconds=5)

    assert not caught.value.maybe_sent
    assert caught.value.__context__ is None


def test_reaches_the_second_address_when_the_first_is_dead(
    server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = int(server.url.rpartition(":")[2])
    with HostileServer(Fault.BLACK_HOLE) as hole:
        resolve_to(monkeypatch, hole.port, alive)

        assert ask(seconds=2) == 200


def test_ends_on_time_when_all_of_several_addresses_are_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with HostileServer(Fault.BLACK_HOLE) as hole:
        resolve_to(monkeypatch, *[hole.port] * 4)
        started = time.monotonic()

        with pytest.raises(ToolError) as caught:
            ask(seconds=1, retries=3)

    assert time.monotonic() - started == pytest.approx(1, abs=0.3)
    assert (caught.value.code, caught.value.maybe_sent) == ("mcp_timeout", False)
