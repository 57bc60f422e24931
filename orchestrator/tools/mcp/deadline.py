"""The watchdog: what makes a deadline true, whatever a server does or leaves undone.

A socket's own timeout starts anew at every byte; a server that drips can hold it open for hours. So
one thread per process shuts the socket of every exchange that runs past its moment, which ends any
read or write on it at once. The thread comes with the first exchange and goes when none is left.
"""

import os
import threading
from time import monotonic
from typing import Protocol


class Watched(Protocol):
    """Something that must be over by a moment of the monotonic clock."""

    ends_at: float

    def fire(self) -> None:
        """End it; called from the watchdog's thread, once, and must not block."""


class Watchdog:
    """Fires whatever is still watched when its moment comes."""

    _bell: threading.Condition
    _live: set[Watched]
    _wakes_at: float
    _thread: threading.Thread | None

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # threads and locks do not survive a fork

    def watch(self, one: Watched) -> None:
        """Fire `one` at its moment, unless it is released before."""
        with self._bell:
            self._live.add(one)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mcp-deadline", daemon=True)
                self._thread.start()
            elif one.ends_at < self._wakes_at:
                self._bell.notify()

    def release(self, one: Watched) -> None:
        """Let `one` go; it may be firing at this very moment."""
        with self._bell:
            self._live.discard(one)

    def _begin(self) -> None:
        self._bell = threading.Condition(threading.Lock())
        self._live = set()
        self._wakes_at = 0.0
        self._thread = None

    def _run(self) -> None:
        while True:
            with self._bell:
                now = monotonic()
                due = [one for one in self._live if one.ends_at <= now]
                self._live.difference_update(due)
                if not due and not self._live:
                    self._thread = None
                    return
                if not due:
                    # An exchange that ended early wakes nobody: most end long before their moment.
                    self._wakes_at = min(one.ends_at for one in self._live)
                    self._bell.wait(self._wakes_at - now)
            for one in due:
                one.fire()


watchdog = Watchdog()
