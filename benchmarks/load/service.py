"""The service under load: all of compose.yaml, beside a real MCP server at the end of a wire."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import requests

from benchmarks.load.deeds import Where
from benchmarks.load.judging import SUBMIT, Provider, Row
from tests.deploy import stack
from tests.deploy.container import Container
from tests.environments import ROOT
from tests.scripts.checkout import free_port
from tests.servers.sdk.running import SdkServer, serving
from tests.servers.sdk.tools import TOKEN

_ROWS = """
SELECT s.id::text, s.session_id::text, s.status, coalesce(s.confirmation_ref, ''),
       count(a.id) FILTER (WHERE a.action = 'registration_submitted'),
       count(a.id) FILTER (WHERE a.action = 'registration_completed')
FROM registration_submissions s
LEFT JOIN mandate_audit a ON a.session_id = s.session_id
      AND a.metadata->>'submission_id' = s.id::text
GROUP BY s.id
"""
_RECORDS = """
SELECT coalesce(CASE WHEN action <> 'session_created' THEN session_id END, user_id)::text,
       action, count(*)
FROM mandate_audit WHERE user_id IS NOT NULL GROUP BY 1, 2
"""
_TRAILS = """
SELECT session_id::text, action, count(*) FROM mandate_audit
WHERE session_id IS NOT NULL AND user_id IS NOT NULL GROUP BY 1, 2
"""
_UNSEALED = """
SELECT count(*) FROM audit_pending JOIN mandate_audit ON id = event_id WHERE action <> 'audit_sealed'
"""  # the sealer's own record waits for its next seal
_UNCLEAR = """
SELECT count(*) FROM registration_submissions WHERE status IN ('intent', 'sent', 'outcome_unknown')
"""


class Wire:
    """The only way from the service to its MCP server (benchmarks.load.wire)."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.port = self._heard()

    def become(self, mode: str) -> int:
        """Return how much it has spoiled so far, once it does this."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{mode}\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


class Service:
    """What is asked of all its parts, past the product."""

    def __init__(self, parts: stack.Stack, wire: Wire, sdk: SdkServer, floor: Container) -> None:
        self.stack, self.wire, self.floor, self._sdk = parts, wire, floor, sdk
        self.data = Path(parts.sockets) / "data"  # of PostgreSQL
        self.redis = next(one for one in parts.containers if one.name == "redis")

    def records(self) -> Counter[Where]:
        """Return how many records there are, as `records_in` does."""
        return records_in(self.stack)

    def trails(self) -> Counter[Where]:
        """Return how many records each session has of each action, all of them its own."""
        return Counter({(where, action): n for where, action, n in self.stack.rows(_TRAILS)})

    def registrations(self) -> list[Row]:
        """Return all that the database holds."""
        return [Row(*found) for found in self.stack.rows(_ROWS)]

    def statuses(self) -> dict[str, str]:
        """Return how each session stands, by the database."""
        return dict(self.stack.rows("SELECT id::text, status FROM agentic_checkout_sessions"))

    def provider(self) -> Provider:
        """Return the provider's own book."""
        return Provider.of(self._sdk.bookings(), self._sdk.calls(SUBMIT))

    def memory(self) -> dict[str, float]:
        """Return the resident megabytes of all web processes, and of all of the workers'."""
        sides = {"web": self.stack.webs, "worker": self.stack.workers}
        return {
            name: sum(_resident(pid) for one in containers for pid in members(one))
            for name, containers in sides.items()
        }

    def unsettled(self) -> list[str]:
        """Return what it has not come round to yet, once everything works again."""
        found = []
        for number, web in enumerate(self.stack.webs, 1):
            url = f"http://127.0.0.1:{web.environment['PORT']}/readyz"
            try:
                told = requests.get(url, timeout=10).json()
            except (requests.RequestException, ValueError):
                found.append(f"web {number} does not answer")
            else:
                found += [f"web {number}: {to_do}" for to_do in told["to_do"]]
        for statement, what in ((_UNSEALED, "records unsealed"), (_UNCLEAR, "unclear")):
            [(count,)] = self.stack.rows(statement)
            found += [f"{count} {what}"] if count else []
        return found

    def settle(self, patience: float) -> tuple[float, list[str]]:
        """Wait until nothing is left to do; return the seconds, and what is left all the same."""
        begun = time.monotonic()
        while left := self.unsettled():
            if time.monotonic() - begun > patience:
                break
            time.sleep(1)
        return time.monotonic() - begun, left

    def verify(self) -> str | None:
        """Return what `verify_audit` has to say against the ledger, or None: it ended with 0."""
        kept = self.stack.home / "checkpoints" / "log"
        done = self.stack.manage("verify_audit", "--checkpoint", str(kept))
        return None if done.returncode == 0 else f"{done.returncode}: {done.stdout[-500:]}"


def records_in(parts: stack.Stack) -> Counter[Where]:
    """Return how many records there are of each action in each session, or of each person outside.

    That a session was begun stands with the person: whoever got no answer does not know its id.
    """
    return Counter({(where, action): n for where, action, n in parts.rows(_RECORDS)})


def members(container: Container) -> list[int]:
    """Return the ids of a container's processes: its first one, and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            children.setdefault(int(after_name[1]), []).append(int(folder.name))
    found = [container.process.pid] if container.process else []
    for pid in found:
        found += children.get(pid, [])
    return found


def kill_some(container: Container, *, only_one: bool = False) -> int:
    """Kill -9 what a container's first process started; return how many that were."""
    others = members(container)[1:]
    chosen = random.sample(others, 1) if only_one and others else others
    for pid in chosen:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(chosen)


def _resident(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


# --- Starting -------------------------------------------------------------------------------------


@contextmanager
def _wire_to(origin: str) -> Iterator[Wire]:
    command = [sys.executable, "-m", "benchmarks.load.wire", urlsplit(origin).netloc]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Wire(process)
        finally:
            process.kill()


@contextmanager
def _floor(parts: stack.Stack) -> Iterator[Container]:
    """Give the same gunicorn, by the same words, with a view that does nothing."""
    web = parts.webs[0]
    here = parts.home / "floor"
    here.mkdir(mode=0o777)
    here.chmod(0o777)
    port = str(free_port())
    environment = web.environment | {
        "PORT": port,
        "TMPDIR": str(here),
        "DJANGO_SETTINGS_MODULE": "benchmarks.load.empty_settings",
    }
    words = [
        "benchmarks.load.empty" if word == "signupassist.wsgi" else word for word in web.command
    ]
    floor = Container("floor", words, environment, ROOT, parts.prefix)
    try:
        floor.start()
        floor.wait_for(lambda: _answers(f"http://127.0.0.1:{port}/"))
        yield floor
    finally:
        floor.kill()


def _answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.post(url, json={}, timeout=5).ok
    return False


@contextmanager
def running(binaries: Path, *, processes: int) -> Iterator[Service]:
    """Give the whole service, as production runs it; nothing of it is left afterwards.

    :raises NoServerError: if PostgreSQL cannot be started
    """
    with ExitStack() as parts:
        home = parts.enter_context(TemporaryDirectory(prefix="signupassist-load-"))
        sdk = parts.enter_context(serving("2x", token=TOKEN))
        wire = parts.enter_context(_wire_to(sdk.origin))
        whole = parts.enter_context(
            stack.running(
                Path(home),
                binaries,
                is_durable=True,
                processes=processes,
                MCP_SERVER_URL=f"http://127.0.0.1:{wire.port}/mcp",
                MCP_ACCESS_TOKEN=TOKEN,
            )
        )
        floor = parts.enter_context(_floor(whole))
        yield Service(whole, wire, sdk, floor)
