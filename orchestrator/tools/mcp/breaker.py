"""The circuit breaker: a server in trouble is left alone for a while instead of asked again.

One per tool server. No lock is held while a call is under way, so calls never wait for each other.
"""

import secrets
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Literal

from orchestrator.tools import counts
from orchestrator.tools.errors import (
    ToolCircuitOpenError,
    ToolError,
    ToolTimeoutError,
    ToolUnavailableError,
)
from orchestrator.tools.mcp.effort import Effort

FAILURES_IN_A_ROW = 5
FAILURE_RATE = 0.5
WINDOW_SECONDS = 30.0
WINDOW_CALLS = 10  # fewer say little about a rate
OPEN_SECONDS = 30.0
JITTER_SECONDS = 3.0  # so that not all processes knock at once
TOO_MANY_REQUESTS = 429

State = Literal["closed", "open", "half_open"]

_dice = secrets.SystemRandom()


class Breaker:
    """Closed: calls pass. Open: none does. Half open: exactly one read goes ahead and finds out.

    What counts says that the server is not there: no connection, 5xx, a broken stream, our own
    deadline. A refusal, a 4xx or an answer that makes no sense comes from a server that is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[tuple[float, bool]] = deque(maxlen=1000)  # when, and whether it failed
        self._failures_in_a_row = 0
        self._open_until: float | None = None  # None: closed
        self._is_probing = False
        self._last_failure: str | None = None
        counts.BREAKER_OPEN_UNTIL.set(0)

    @property
    def state(self) -> State:
        """Return what a call would meet."""
        open_until = self._open_until
        if open_until is None:
            return "closed"
        return "open" if monotonic() < open_until else "half_open"

    @property
    def last_failure(self) -> str | None:
        """Return what went wrong last, in the log's word for it; None if nothing ever did."""
        return self._last_failure

    @contextmanager
    def guard(self, effort: Effort, *, read: bool) -> Iterator[None]:
        """Let the call inside go ahead, and learn from how it ends.

        :raises ToolCircuitOpenError: if the server is to be left alone
        """
        is_probe = self._admit(read=read)
        failure: str | None = None
        has_ended = True
        try:
            yield
        except ToolError as error:
            failure = error.log_word if _is_down(error, effort) else None
            raise
        except BaseException:
            has_ended = False
            raise
        finally:
            learned = has_ended and effort.attempts > 0  # a call that never left says nothing
            self._settle(failure, is_probe=is_probe, learned=learned)

    def _admit(self, *, read: bool) -> bool:
        """Return whether this call is the one that finds out."""
        if self._open_until is None:
            return False
        with self._lock:
            if self.state == "closed":
                return False
            if self.state == "open" or self._is_probing or not read:
                raise ToolCircuitOpenError
            self._is_probing = True
            return True

    def _settle(self, failure: str | None, *, is_probe: bool, learned: bool) -> None:
        with self._lock:
            if is_probe:
                self._is_probing = False
            if not learned:
                return
            self._last_failure = failure or self._last_failure
            if is_probe:
                self._open() if failure else self._close()
            elif self._open_until is None:
                self._count(failed=failure is not None)

    def _count(self, *, failed: bool) -> None:
        now = monotonic()
        self._recent.append((now, failed))
        self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0
        if not failed:
            return
        while self._recent[0][0] < now - WINDOW_SECONDS:
            self._recent.popleft()
        failures = sum(is_failure for _, is_failure in self._recent)
        is_often = len(self._recent) >= WINDOW_CALLS and (
            failures >= FAILURE_RATE * len(self._recent)
        )
        if is_often or self._failures_in_a_row >= FAILURES_IN_A_ROW:
            self._open()

    def _open(self) -> None:
        self._open_until = monotonic() + OPEN_SECONDS + _dice.uniform(0, JITTER_SECONDS)
        counts.BREAKER_OPEN_UNTIL.set(self._open_until)

    def _close(self) -> None:
        self._open_until = None
        self._failures_in_a_row = 0
        self._recent.clear()
        counts.BREAKER_OPEN_UNTIL.set(0)


def _is_down(error: ToolError, effort: Effort) -> bool:
    """Return whether the error says that the server is not there."""
    is_unavailable = isinstance(error, ToolTimeoutError | ToolUnavailableError)
    return is_unavailable and effort.status != TOO_MANY_REQUESTS
