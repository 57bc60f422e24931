"""What one logical tool call may spend, and what it has spent so far."""

import secrets
from time import monotonic, sleep

HEADROOM_SECONDS = 1.0  # a retry needs this much left to be worth its wait
_dice = secrets.SystemRandom()


class Effort:
    """One call's deadline on the monotonic clock, and its retries: every layer draws on the same.

    `attempts` counts tries to reach the server, whether a connection came about or not.
    """

    def __init__(self, *, seconds: float, retries: int) -> None:
        self._ends_at = monotonic() + seconds
        self._pauses = 0
        self.retries = retries
        self.attempts = 0

    @property
    def left(self) -> float:
        """Return the seconds until the deadline, never fewer than none."""
        return max(0.0, self._ends_at - monotonic())

    @property
    def is_over(self) -> bool:
        """Return whether the deadline has fired."""
        return self.left < 0.01  # a socket's own timer may wake a moment early

    def patience(self, most: float = float("inf")) -> float:
        """Return a socket timeout within the deadline; never 0, which would mean "do not block"."""
        return max(0.001, min(most, self.left))

    def try_again(self, *, after: float | None = None) -> bool:
        """Wait and return True if another try fits retries and deadline, else return False at once.

        Without a wish of the server (`after`) the wait is 0.5, 1, 2 seconds with full jitter.
        """
        room = self.left - HEADROOM_SECONDS
        if self.retries < 1 or room <= 0 or (after is not None and after > room):
            return False
        self.retries -= 1
        pause = _dice.uniform(0, 0.5 * 2**self._pauses) if after is None else after
        self._pauses += 1
        sleep(min(pause, room))
        return True
