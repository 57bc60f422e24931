"""What is counted of turns, for operators: the step, and what it came to."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from prometheus_client import Counter

from orchestrator.catalogue import CATALOGUE
from orchestrator.services.refusals import RefusedError
from orchestrator.services.turns import Turn
from sessions_store.services import SessionExpiredError, SessionNotFoundError

UNKNOWN = "submission_outcome_unknown"

TURNS = Counter(
    "signupassist_turns",
    "Messages and actions, by the step at which they found the session and what they came to.",
    ["step", "outcome"],
)


def count_start() -> None:
    """Count the first Turn of a session, which nobody's message or action asked for."""
    TURNS.labels("none", "begun").inc()


class Counted:
    """A turn under way: the step that it found, and its answer, once they are known."""

    def __init__(self) -> None:
        self.step = "none"
        self._outcome = "done"

    def answered(self, turn: Turn) -> Turn:
        """Take note of the answer, and return it."""
        code = turn["meta"]["code"]
        self._outcome = "done" if code is None else "unknown" if code == UNKNOWN else "failed"
        return turn

    def end(self, error: BaseException | None) -> None:
        """Count it."""
        TURNS.labels(self.step, _outcome_of(error) if error else self._outcome).inc()


@contextmanager
def turn() -> Iterator[Counted]:
    """Count what happens inside as one turn; what finds no session is none."""
    counted = Counted()
    try:
        yield counted
    except (SessionNotFoundError, SessionExpiredError):
        raise
    except BaseException as error:
        counted.end(error)
        raise
    counted.end(None)


def _outcome_of(error: BaseException) -> str:
    if not isinstance(error, RefusedError):
        return "error"
    entry = CATALOGUE.get(error.code)
    status = error.status or (entry.status if entry else HTTPStatus.UNPROCESSABLE_ENTITY)
    return "failed" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"
