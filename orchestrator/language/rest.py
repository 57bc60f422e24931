"""Leaving a model alone that does not answer: a dead one must not cost every message its deadline."""

import threading
from time import monotonic

FAILURES_IN_A_ROW = 3
SECONDS = 30.0


class Rest:
    """Begins after three failures in a row, in this process; then one message finds out.

    Only what says that the model is not there counts. An answer that makes no sense may be the
    message's fault, and nobody's message is to switch the model off for the others.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0

    def is_on(self) -> bool:
        """Return whether the model is to be left alone by whoever asks."""
        with self._lock:
            if self._failures < FAILURES_IN_A_ROW:
                return False
            if monotonic() < self._until:
                return True
            self._until = monotonic() + SECONDS  # whoever is told "no" here finds out for all
            return False

    def failed(self) -> None:
        """Count a failure."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_IN_A_ROW:
                self._until = monotonic() + SECONDS

    def answered(self) -> None:
        """Forget the failures: the model is there."""
        with self._lock:
            self._failures = 0
