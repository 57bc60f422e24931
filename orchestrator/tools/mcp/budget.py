"""What the whole process may spend on retries: in an outage, retries are what finishes a server."""

import threading

FULL = 10.0
TOO_LITTLE = 5.0
EARNED_BY_A_SUCCESS = 0.1


class RetryBudget:
    """A bucket of tokens that all threads share: a retry costs one, a success earns a tenth."""

    def __init__(self) -> None:
        self._tokens = FULL
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Return whether a retry may be made, and pay for it."""
        with self._lock:
            if self._tokens < TOO_LITTLE:
                return False
            self._tokens -= 1
            return True

    def earn(self) -> None:
        """Put back what a success is worth."""
        with self._lock:
            self._tokens = min(FULL, self._tokens + EARNED_BY_A_SUCCESS)
