"""Browser windows that reach for the same signup at the same moment."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Self, TypeVar, cast

from rest_framework.test import APIClient

from accounts.models import User
from tests.orchestrator.chat import Chat
from tests.servers.web_process import Api, WebServer, token_of

PATIENCE = 60  # seconds: longer than anything takes, and than SQLite waits for a writer

Result = TypeVar("Result")


class Window(Chat):
    """One window onto a signup, over the wire: it asks each of the web processes in turn."""

    def __init__(self, user: User, servers: Sequence[WebServer], token: str = "") -> None:
        self._servers, self._token = servers, token or token_of(user)
        super().__init__(user, cast("APIClient", Api(*servers, token=self._token)))

    def another(self) -> Self:
        """Return a second window onto the same signup, as this one shows it."""
        other = type(self)(self.user, self._servers[::-1], self._token)
        other.id, other.last = self.id, self.last
        return other

    def confirm(self, summary: str | None = None, *, key: str | None = None) -> Self:
        """Press Confirm, and return this window with the answer."""
        payload = {"summary": summary or self.summary}
        headers = {"Idempotency-Key": key} if key else {}
        body = {"action": "confirm_registration", "payload": payload}
        self._keep(self._post("actions", body, headers))
        return self

    @property
    def verdict(self) -> str:
        """The last answer's code where it is a problem, else the status of its session."""
        return str(self.last["code"] if self.status >= 400 else self.last["session"]["status"])


def all_at_once(deeds: Sequence[Callable[[], Result]]) -> list[Result]:
    """Return what the deeds came to, each in a thread of its own, begun together."""
    start = Barrier(len(deeds), timeout=PATIENCE)

    def run(deed: Callable[[], Result]) -> Result:
        start.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))
