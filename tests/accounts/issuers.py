"""What the tests of other issuers share: an issuer that is believed, and ways to ask the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import jwks, lanes
from tests.servers.jwks_server import JwksServer

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

SECRET = "a shared secret of thirty-two bytes or a few more"

EXPIRED = (401, "session_expired", "Your session expired. Please log in again.")
PLEASE = (401, "not_authenticated", "Please log in.")
FORBIDDEN = (403, "forbidden", "You are not allowed to do this.")
UNAVAILABLE = (
    503,
    "auth_unavailable",
    "We cannot check your log-in right now. Please try again shortly.",
)


@contextmanager
def believed(settings: Settings, *, secret: str = "") -> Iterator[JwksServer]:
    """Give a running issuer that is our Supabase."""
    jwks.key_set.cache_clear()
    with JwksServer() as issuer:
        believe(settings, supabase_url=issuer.url, supabase_secret=secret)
        yield issuer
    jwks.key_set.cache_clear()


def believe(settings: Settings, **how: Any) -> None:
    """Set the lanes from what an operator would set."""
    words: dict[str, Any] = {
        "supabase_url": "",
        "supabase_secret": "",
        "others": "",
        "strict": True,
    }
    settings.AUTH_LANES = lanes.read(**(words | how))


def ask(token: str, path: str = "/api/v1/me", **how: Any) -> "Answer":
    """Return the answer to a GET with this token."""
    client = Client(raise_request_exception=False)
    return client.get(path, headers={"authorization": f"Bearer {token}"}, **how)


def refusal(token: str) -> tuple[int, str, str]:
    """Return status, code and sentence of what `/me` refuses this token with."""
    answer = ask(token)
    said = answer.json()
    assert ("WWW-Authenticate" in answer) is (answer.status_code == 401)
    return answer.status_code, said["code"], said["detail"]


class Clock:
    """The monotonic clock of the kept keys, which a test may put forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        monkeypatch.setattr(jwks, "monotonic", lambda: monotonic() + self._ahead)

    def forward(self, seconds: float) -> None:
        """Let so much time pass."""
        self._ahead += seconds
