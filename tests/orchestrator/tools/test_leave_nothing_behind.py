"""Leaving nothing behind after a call…"""

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.tools.errors import ToolTimeoutError
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.transport import MOST_IDLE, Transport
from tests.servers.hostile import Fault, HostileServer
from tests.servers.tools_call_server import ToolsCallServer

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[3]
FORKING = """
import os, sys, time
from orchestrator.tools.errors import ToolTimeoutError
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.transport import Transport

good, bad = Transport(sys.argv[1], "a-test-token"), Transport(sys.argv[2], "")

def ask(transport, seconds):
    return transport.exchange("GET", "/tools", effort=Effort(seconds=seconds, retries=0)).status

assert ask(good, 20) == 200  # this process has a watchdog now, and a connection
child = os.fork()
if child == 0:
    try:
        assert ask(good, 20) == 200
        started = time.monotonic()
        ask(bad, 0.5)
    except ToolTimeoutError:
        os._exit(time.monotonic() - started > 2)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert ask(good, 20) == 200  # the child did not touch it
"""


def sockets() -> int:
    """Return how many sockets this process has open."""
    links = list(Path("/proc/self/fd").iterdir())
    return sum(link.is_symlink() and str(link.readlink()).startswith("socket:") for link in links)


def soon(holds: Callable[[], bool]) -> bool:
    """Return whether something comes true within half a minute."""
    ends_at = time.monotonic() + 30
    while not holds() and time.monotonic() < ends_at:
        time.sleep(0.02)
    return holds()


@pytest.mark.parametrize(
    "fault", [Fault.SILENCE, Fault.HEADER_DRIP, Fault.SSE_COMMENTS, Fault.BLACK_HOLE]
)
def test_ends_two_hundred_calls_without_a_thread_or_a_socket(fault: Fault) -> None:
    gc.collect()
    threads, open_sockets = set(threading.enumerate()), sockets()
    failures: list[str] = []

    def ask(_: int) -> None:
        try:
            transport.exchange("POST", "/x", effort=Effort(seconds=0.4, retries=0), body=b"{}")
        except ToolTimeoutError as error:
            failures.append(error.code)

    with HostileServer(fault) as hostile:
        transport = Transport(hostile.url, "")
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(ask, range(200)))

    assert failures == ["mcp_timeout"] * 200
    assert soon(lambda: sockets() == open_sockets)
    assert soon(lambda: set(threading.enumerate()) <= threads)


def test_keeps_few_connections_when_threads_have_ended(server: ToolsCallServer) -> None:
    gc.collect()
    open_sockets = sockets()
    transport = Transport(server.url, server.token)
    together = threading.Barrier(MOST_IDLE + 4)

    def ask() -> None:
        together.wait()
        transport.exchange("GET", "/tools", effort=Effort(seconds=20, retries=0))

    for _ in range(3):
        threads = [threading.Thread(target=ask) for _ in range(MOST_IDLE + 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert soon(lambda: sockets() <= open_sockets + 2 * MOST_IDLE)  # both ends are ours
    transport.close()
    assert soon(lambda: sockets() == open_sockets)


def test_starts_anew_in_a_forked_process(server: ToolsCallServer) -> None:
    with HostileServer(Fault.HEADER_DRIP) as hostile:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FORKING, server.url, hostile.url],
            cwd=ROOT,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
            timeout=60,
            check=False,
        )

    assert done.returncode == 0
    assert server.connections == 2  # one for each process
