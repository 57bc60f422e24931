"""The one way in which a call is tried again, whatever wire it goes over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from orchestrator.tools.errors import ToolError, ToolUnavailableError
from orchestrator.tools.mcp.effort import Effort

Answer = TypeVar("Answer")


def persist(attempt: Callable[[], Answer], effort: Effort, *, once: bool = False) -> Answer:
    """Return what the first attempt says that does not end in passing trouble.

    What may leave only `once` is attempted once, whatever comes of it.

    :raises ToolError: if the trouble does not pass within the effort, or is of another kind
    """
    while True:
        try:
            return attempt()
        except ToolUnavailableError as trouble:
            if once or not trouble.passing or not effort.try_again(after=trouble.retry_after):
                raise


@contextmanager
def aside(effort: Effort) -> Iterator[None]:
    """Do inside what goes along with a call: it shares the deadline, and is not the call itself.

    :raises ToolError: as it came, but sure that the call has not left
    """
    attempts, status = effort.attempts, effort.status
    try:
        yield
    except ToolError as error:
        error.maybe_sent = False
        raise
    effort.attempts, effort.status = attempts, status
