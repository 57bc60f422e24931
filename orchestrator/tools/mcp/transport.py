"""One HTTP exchange with the tool server, inside one call's deadline.

What this adds to requests: timeouts that shrink with the deadline instead of starting anew at every
read, the knowledge whether a first byte may have left, and a limit on what comes back.
"""

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolError,
    ToolTimeoutError,
    ToolUnavailableError,
)
from orchestrator.tools.mcp.effort import Effort

CONNECT_SECONDS = 5.0
ANSWER_LIMIT = 4 * 1024 * 1024
CHUNK = 64 * 1024


@dataclass(frozen=True)
class HttpAnswer:
    """A complete answer, body included."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """One request under way: its budget, its connections, and whether a byte may have left."""

    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self.connects = 0
        self.sent = False
        self.socket: socket | None = None

    def failure(self) -> ToolError:
        """Return what a broken exchange means: our deadline, or their trouble."""
        if self.effort.is_over:
            return ToolTimeoutError(maybe_sent=self.sent)
        return ToolUnavailableError(maybe_sent=self.sent)


_current: ContextVar[Exchange] = ContextVar("exchange")


class BoundConnection(HTTPConnection):
    """A connection that lives by the deadline of the exchange that uses it."""

    def connect(self) -> None:
        exchange = _current.get()
        exchange.connects += 1
        self.timeout = exchange.effort.patience(CONNECT_SECONDS)
        super().connect()

    def send(self, data: Any) -> None:
        exchange = _current.get()
        if self.sock is None:
            self.connect()
        exchange.sent = True  # from here on nobody can say that nothing left
        exchange.socket = self.sock
        self.sock.settimeout(exchange.effort.patience())
        super().send(data)

    def getresponse(self) -> Any:
        self.timeout = _current.get().effort.patience()
        return super().getresponse()


class BoundTLSConnection(BoundConnection, HTTPSConnection):
    """The same over TLS; a stalled handshake has sent nothing of the request."""


class BoundPool(HTTPConnectionPool):
    ConnectionCls = BoundConnection


class BoundTLSPool(HTTPSConnectionPool):
    ConnectionCls = BoundTLSConnection


class ConnectRetry(Retry):
    """Repeats connecting, and only that: a request that may have left is never sent again here."""

    @classmethod
    def within(cls, effort: Effort) -> "ConnectRetry":
        """Return the policy for what the call has left of its retries."""
        return cls(
            total=effort.retries,
            connect=effort.retries,
            read=0,
            status=0,
            redirect=0,
            other=0,
            allowed_methods=None,
            respect_retry_after_header=False,
            raise_on_status=False,
            backoff_factor=0.25,
            backoff_jitter=0.25,
        )

    def get_backoff_time(self) -> float:
        return min(super().get_backoff_time(), _current.get().effort.left)


class BoundAdapter(HTTPAdapter):
    """Hands out bound connections."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": BoundPool, "https": BoundTLSPool}


class Bearer(AuthBase):
    """Our token on every request; a `.netrc` cannot replace it, and no repr shows it."""

    def __init__(self, token: str) -> None:
        if not re.fullmatch(r"[!-~]*", token):
            raise ValueError("MCP_ACCESS_TOKEN holds characters that no header can carry.")
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class BoundSession(requests.Session):
    """A session that takes nothing from the environment and remembers no cookies."""

    def __init__(self, auth: Bearer) -> None:
        super().__init__()
        self.trust_env = False  # a `.netrc` entry would replace our token
        self.auth = auth
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update(
            {
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "SignupAssist/1",
            }
        )
        self.adapter = BoundAdapter()
        self.mount("http://", self.adapter)
        self.mount("https://", self.adapter)


class Transport:
    """The road to one server: a pooled session per thread, a fresh one for what goes out once."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._base = parts._replace(path=parts.path.rstrip("/"), query="", fragment="").geturl()
        self._auth = Bearer(token)
        self._pooled = threading.local()

    def exchange(
        self,
        method: str,
        path: str,
        *,
        effort: Effort,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> HttpAnswer:
        """Return the server's answer, whatever its status.

        :raises ToolTimeoutError: if the deadline fired
        :raises ToolUnavailableError: if no connection came about, or it broke
        :raises ToolBadResponseError: if the answer is too large or encoded
        """
        exchange = Exchange(effort)
        token = _current.set(exchange)
        try:
            with self._session(fresh=fresh) as session:
                return self._run(session, method, self._base + path, exchange, body, headers or {})
        except (OSError, HTTPError):  # requests' own errors are OSErrors
            pass  # raised below, so that no context carries the request or the tool's text along
        finally:
            _current.reset(token)
            tries = max(1, exchange.connects)
            effort.attempts += tries
            effort.retries = max(0, effort.retries - (tries - 1))
        raise exchange.failure()

    def close(self) -> None:
        """Close this thread's connections."""
        if hasattr(self._pooled, "session"):
            self._pooled.session.close()

    def _run(
        self,
        session: BoundSession,
        method: str,
        url: str,
        exchange: Exchange,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> HttpAnswer:
        effort = exchange.effort
        if effort.is_over:
            raise ToolTimeoutError
        session.adapter.max_retries = ConnectRetry.within(effort)
        with session.request(
            method,
            url,
            data=body,
            headers=dict(headers),
            timeout=(effort.patience(CONNECT_SECONDS), effort.patience()),
            allow_redirects=False,
            stream=True,
        ) as response:
            content = b"".join(_chunks(response.raw, exchange))
            return HttpAnswer(response.status_code, response.headers, content)

    @contextmanager
    def _session(self, *, fresh: bool) -> Iterator[BoundSession]:
        if fresh:  # a pooled socket may have gone stale: that would be an outcome nobody knows
            with BoundSession(self._auth) as session:
                session.headers["Connection"] = "close"
                yield session
            return
        if getattr(self._pooled, "pid", None) != os.getpid():  # never share sockets across a fork
            self._pooled.session, self._pooled.pid = BoundSession(self._auth), os.getpid()
        yield self._pooled.session


def _chunks(raw: BaseHTTPResponse, exchange: Exchange) -> Iterator[bytes]:
    """Yield the body as it comes in, each read limited by what is left of the deadline.

    :raises ToolTimeoutError: if the deadline fired between two reads
    :raises ToolBadResponseError: if the body is encoded or larger than the limit
    """
    encoding = raw.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise ToolBadResponseError(maybe_sent=True)
    size = 0
    while True:
        if exchange.effort.is_over:
            raise ToolTimeoutError(maybe_sent=True)
        if exchange.socket is not None and exchange.socket.fileno() >= 0:
            exchange.socket.settimeout(exchange.effort.patience())
        chunk = raw.read1(CHUNK, decode_content=False)
        if not chunk:
            return
        size += len(chunk)
        if size > ANSWER_LIMIT:
            raise ToolBadResponseError(maybe_sent=True)
        yield chunk
