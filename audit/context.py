"""Which request the code is serving, and who sent it."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.request import Request

TRACE_PARENT = re.compile(
    r"00-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})"
)
NOT_SAMPLED = "00"
REQUEST_ID = "signupassist.request_id"  # in a request's META, for when it is no longer under way

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_session_id: ContextVar[str | None] = ContextVar("session_id", default=None)
_trace: ContextVar[tuple[str, str] | None] = ContextVar("trace", default=None)


def current_request_id() -> str | None:
    """Return the id of the request under way, or None outside of one."""
    return _request_id.get()


def current_session_id() -> str | None:
    """Return the id of the signup that is dealt with, or None where it is about none."""
    return _session_id.get()


def current_trace_id() -> str | None:
    """Return the id of the trace that the request under way belongs to, or None outside of one."""
    trace = _trace.get()
    return trace[0] if trace else None


@contextmanager
def about_session(session_id: UUID) -> Iterator[None]:
    """Let everything inside be about this signup."""
    token = _session_id.set(str(session_id))
    try:
        yield
    finally:
        _session_id.reset(token)


def dealing_with(session_id: UUID) -> None:
    """Let the rest of the request under way be about this signup; `serving` ends it."""
    if _request_id.get():
        _session_id.set(str(session_id))


def trace_parent() -> str:
    """Return a W3C `traceparent` for one call outward: a new span in the request's own trace."""
    trace, flags = _trace.get() or _new_trace()
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"


@contextmanager
def serving(request_id: str, *, traceparent: str = "") -> Iterator[None]:
    """Let everything inside belong to this request, and to the caller's trace if it named one.

    Which signup it is about may be said inside, by `dealing_with`; it is forgotten afterwards.
    """
    offered = TRACE_PARENT.fullmatch(traceparent)
    trace = (offered["trace"], offered["flags"]) if offered else _new_trace()
    tokens = _request_id.set(request_id), _trace.set(trace), _session_id.set(None)
    try:
        yield
    finally:
        _request_id.reset(tokens[0])
        _trace.reset(tokens[1])
        _session_id.reset(tokens[2])


def user_id_of(request: HttpRequest | Request) -> UUID:
    """Return who is asking, behind a door that only lets known people in."""
    known: UUID | None = request.user.pk
    if known is None:
        raise PermissionDenied
    return known


def _new_trace() -> tuple[str, str]:
    return secrets.token_hex(16), NOT_SAMPLED
