"""Keeps processes running until told to stop, and leaves none behind."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from signupassist import undertaker

log = logging.getLogger(__name__)

QUICK_SECONDS = 10.0  # one that ends sooner than this after its start has a lasting trouble
QUICK_ENDS_ALLOWED = 5
FIRST_PAUSE_SECONDS = 0.5


@dataclass
class Child:
    """A command that should always be running, in a session and process group of its own."""

    name: str
    command: Sequence[str]
    keep_open: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)  # goes before our own
    restart_asked: bool = field(default=False, init=False)  # any thread may set it
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    next_start: float = field(default=0.0, init=False)
    quick_ends: int = field(default=0, init=False)


class Supervisor:
    """Runs its children; starts one that died again, with growing pauses."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._undertaker = _Undertaker()
        self._stop_asked = False

    def run(self) -> int:
        """Return 0 once a signal asked for the end, or 1 when a child would not stay up."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:  # nohup
                signal.signal(number, self._ask_to_stop)
        try:
            while not self._stop_asked:
                for child in self._children:
                    self._tend(child)
                    if child.quick_ends >= QUICK_ENDS_ALLOWED:
                        log.critical("%s ended %d times in a row", child.name, child.quick_ends)
                        return 1
                self._undertaker.mind(self._groups())
                time.sleep(0.1)
            return 0
        finally:
            self._stop()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked = True

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.next_start:
                self._start(child)
            return
        if child.restart_asked:
            child.restart_asked = False
            undertaker.kill(child.process.pid)
        if (code := child.process.poll()) is not None:
            undertaker.kill(child.process.pid)  # orphans would go on working
            child.process = None
            child.quick_ends = child.quick_ends + 1 if now - child.started_at < QUICK_SECONDS else 0
            log.error("%s ended (code %d)", child.name, code)
            child.next_start = now + FIRST_PAUSE_SECONDS * 2 ** max(child.quick_ends - 1, 0)

    def _start(self, child: Child) -> None:
        if child.started_at:
            log.info("%s starts again", child.name)
        child.process = subprocess.Popen(  # noqa: S603  running commands is what it is for
            child.command,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **child.environment},
            stdin=subprocess.DEVNULL,
            pass_fds=child.keep_open,
            start_new_session=True,
        )
        child.started_at = time.monotonic()

    def _groups(self) -> list[int]:
        return [child.process.pid for child in self._children if child.process]

    def _stop(self) -> None:
        processes = {child.process.pid: child.process for child in self._children if child.process}
        undertaker.end(processes, is_over=lambda group: processes[group].poll() is not None)
        for process in processes.values():
            process.wait()
        self._undertaker.dismiss()


class _Undertaker:
    """The small process that ends the given groups if this one is killed."""

    def __init__(self) -> None:
        self._minded: list[int] = []
        self._open()

    def mind(self, groups: list[int]) -> None:
        """Make sure that it is there and knows the groups that there are now."""
        if self._process.poll() is not None:
            self._orders.close()
            self._minded = []
            self._open()
        if groups != self._minded:
            with suppress(BrokenPipeError):  # ended this very moment: the next call finds out
                self._orders.write((" ".join(map(str, groups)) + "\n").encode())
                self._minded = groups

    def dismiss(self) -> None:
        """Let it end: nothing is left to do."""
        self.mind([])
        self._orders.close()
        self._process.wait()

    def _open(self) -> None:
        inlet, outlet = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-I", "-S", undertaker.__file__],
            stdin=inlet,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(inlet)
        self._orders = os.fdopen(outlet, "wb", buffering=0)
