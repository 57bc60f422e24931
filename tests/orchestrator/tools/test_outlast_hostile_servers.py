"""Outlasting a server that holds us up: every fault, over every wire, in two seconds…"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.negotiation import server_for
from orchestrator.tools.mcp.transport import Transport
from tests.servers.hostile import Fault, HostileServer, make_certificate

pytestmark = pytest.mark.once

LIMIT = 2.0
ARGS = {"org_ref": "blackhawk-ski", "idempotency_key": "key-1"}
READ, SUBMIT = Tool.FIND_PROGRAMS, Tool.SUBMIT_REGISTRATION
Case = tuple[Fault, str, Tool]

CASES: list[Case] = [
    (fault, wire, tool)
    for fault in Fault
    for wire in ("tools-call", "streamable-http")
    for tool in (READ, SUBMIT)
    if (fault, wire) != (Fault.SLOW_HANDSHAKE, "tools-call")  # which shakes no hands
    and (fault, tool) != (Fault.RETRY_AFTER, SUBMIT)  # which is never tried again
]


@dataclass
class Outcome:
    """How a call ended, and when."""

    seconds: float = 0.0
    code: str = "none"
    maybe_sent: bool | None = None


@dataclass
class Outcomes:
    """What became of all cases, and how late this machine woke those who only waited as long."""

    of: dict[Case, Outcome]
    lates: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """Many cases at a time: nearly all of it is spent waiting."""
    certificate = make_certificate(tmp_path_factory.mktemp("tls"))
    found = Outcomes({case: Outcome() for case in CASES})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
        with ThreadPoolExecutor(2 * (len(CASES) // 3 + 1)) as pool:
            for case, outcome in found.of.items():
                pool.submit(endure, case, certificate, outcome)
                pool.submit(only_wait, found)
        yield found


def only_wait(found: Outcomes) -> None:
    """Wait as long as a call may, and note how much longer it took."""
    started = time.monotonic()
    Event().wait(LIMIT)
    found.lates.append(time.monotonic() - started - LIMIT)


def endure(case: Case, certificate: Path, outcome: Outcome) -> None:
    """Make one call, and note how it ended."""
    fault, wire, tool = case
    with HostileServer(fault, certificate=certificate if fault.is_tls else None) as hostile:
        transport = Transport(hostile.url, "a-token")
        started = time.monotonic()
        try:
            server_for(wire, transport).call(tool, ARGS, Effort(seconds=LIMIT, retries=3))
        except ToolError as error:
            outcome.code, outcome.maybe_sent = error.code, error.maybe_sent
        outcome.seconds = time.monotonic() - started
        transport.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join([case[0].name, *case[1:]]))
def test_ends_on_time_and_says_so(outcomes: Outcomes, case: Case) -> None:
    assert outcomes.of[case].code == "mcp_timeout"
    assert LIMIT - 0.3 < outcomes.of[case].seconds < LIMIT + 0.3 + max(outcomes.lates)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case[2] is SUBMIT],
    ids=lambda case: "-".join([case[0].name, *case[1:]]),
)
def test_knows_whether_a_registration_may_have_left(outcomes: Outcomes, case: Case) -> None:
    fault, wire, _ = case
    was_still_preparing = wire == "streamable-http"  # the fault struck before the call itself
    assert outcomes.of[case].maybe_sent is not (fault.is_before_the_request or was_still_preparing)
