"""Which request the code is serving, and who sent it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.request import Request

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


def user_id_of(request: HttpRequest | Request) -> UUID:
    """Return who is asking, behind a door that only lets known people in."""
    known: UUID | None = request.user.pk
    if known is None:
        raise PermissionDenied
    return known
