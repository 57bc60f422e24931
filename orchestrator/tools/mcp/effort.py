"""What one logical tool call may spend, and what it has spent so far."""

import secrets
from collections.abc import Callable
from time import monotonic, sleep

from audit.context import trace_parent
from orchestrator.tools.errors import ToolTimeoutError

HEADROOM_SECONDS = 1.0  # a retry needs this much left to be worth its wait
_dice = secrets.SystemRandom()


def _always() -> bool:
    return True


class Effort:
    """One call's deadline on the monotonic clock, and its retries: every layer draws on the same.

    `attempts` counts tries to reach the server, whether a connection came about or not; `status` is
    that of its last answer, None where the last try got none; `protocol` is what it was asked in, a
    revision of MCP or `tools-call`. `trace_parent` names the call in a
    distributed trace, in a header and wherever else a protocol carries it. `may_retry` is asked
    before each retry: the process may have reasons of its own against it.
    """

    def __init__(
        self, *, seconds: float, retries: int, may_retry: Callable[[], bool] = _always
    ) -> None:
        self.ends_at = monotonic() + seconds
        self.retries = retries
        self.attempts = 0
        self.status: int | None = None
        self.protocol: str | None = None
        self.trace_parent = trace_parent()
        self._may_retry = may_retry
        self._pauses = 0

    @property
    def left(self) -> float:
        """Return the seconds until the deadline, never fewer than none."""
        return max(0.0, self.ends_at - monotonic())

    @property
    def is_over(self) -> bool:
        """Return whether the deadline has fired."""
        return self.left < 0.01  # a socket's own timer may wake a moment early

    def patience(self, most: float = float("inf")) -> float:
        """Return a socket timeout within the deadline; never 0, which would mean "do not block"."""
        return max(0.001, min(most, self.left))

    def allows(self, pause: float) -> bool:
        """Return whether a retry after this pause fits the deadline and suits the process."""
        return pause < self.left - HEADROOM_SECONDS and self._may_retry()

    def try_again(self, *, after: float | None = None) -> bool:
        """Wait and return True if another try fits retries and deadline, else return False at once.

        Without a wish of the server (`after`) the wait is 0.5, 1, 2 seconds with full jitter. A
        server that wishes to be left alone for longer than the call may last leaves nothing to do
        but that: asking earlier is against its word, and what has become of the call is decided by
        the deadline and not by us, so it ends there.

        :raises ToolTimeoutError: at the deadline, if the server's wish reaches past it
        """
        if self.retries < 1:
            return False
        if after is None:
            room = self.left - HEADROOM_SECONDS
            pause = min(room, _dice.uniform(0, 0.5 * 2**self._pauses))
            if room <= 0:
                return False
        elif after < self.left:
            pause = after
        else:
            sleep(self.left)
            raise ToolTimeoutError(maybe_sent=True)
        if not self._may_retry():
            return False
        self.retries -= 1
        self._pauses += 1
        sleep(pause)
        return True
