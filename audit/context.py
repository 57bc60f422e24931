"""Which request the code is serving, so that records and log lines can name it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Return the id of the request under way, or None outside of one."""
    return _request_id.get()


@contextmanager
def serving(request_id: str) -> Iterator[None]:
    """Let everything inside belong to this request."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)
