"""Connections that live and die by the deadline of the exchange that uses them.

What this adds to requests and urllib3: a socket that the watchdog can shut down from the first byte
of the request to the last of the answer, the knowledge whether a first byte may have left, and no
ear for the environment (proxies, `.netrc`) or for cookies.
"""

import re
import socket
import threading
from contextlib import suppress
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import Retry

from audit import egress
from audit.egress import Origin
from orchestrator.tools.errors import ToolError, ToolTimeoutError, ToolUnavailableError
from orchestrator.tools.mcp import names
from orchestrator.tools.mcp.deadline import watchdog
from orchestrator.tools.mcp.effort import Effort

CONNECT_SECONDS = 5.0


class Exchange:
    """One request under way: its budget, its socket, and whether a byte may have left.

    As a context manager it stands under the watchdog.
    """

    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self.ends_at = effort.ends_at
        self.connects = 0
        self.sent = False
        self._fired = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def is_over(self) -> bool:
        """Return whether the deadline has fired."""
        return self._fired or self.effort.is_over

    def failure(self) -> ToolError:
        """Return what a broken exchange means: our deadline, or their trouble."""
        if self.is_over:
            return ToolTimeoutError(maybe_sent=self.sent)
        return ToolUnavailableError(maybe_sent=self.sent)

    def hold(self, sock: socket.socket) -> None:
        """Let the watchdog end whatever happens on this socket.

        :raises TimeoutError: if it came too late for that
        """
        with self._lock:
            if self._fired:
                raise TimeoutError
            self._socket = sock
            sock.settimeout(self.effort.patience())

    def let_go(self) -> None:
        """Take the socket out of the watchdog's reach, before anybody else gets its number."""
        with self._lock:
            self._socket = None

    def wait_at_most(self, seconds: float) -> None:
        """Give the next read no more than this."""
        with self._lock:
            if self._socket is not None and self._socket.fileno() >= 0:
                self._socket.settimeout(self.effort.patience(seconds))

    def fire(self) -> None:
        """End it: every read and write on the socket returns at once."""
        with self._lock:
            self._fired = True
            if self._socket is not None:
                with suppress(OSError):  # it is not connected (any more)
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # past TLS, if any

    def __enter__(self) -> Self:
        watchdog.watch(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        watchdog.release(self)


_current: ContextVar[Exchange] = ContextVar("exchange")


class BoundConnection(HTTPConnection):
    """A connection that lives by the deadline of the exchange that uses it."""

    _exchange: Exchange | None = None

    def connect(self) -> None:
        self._exchange = exchange = _current.get()
        exchange.connects += 1
        self.timeout = exchange.effort.patience(CONNECT_SECONDS)
        super().connect()

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self._exchange = exchange = _current.get()
        exchange.hold(self.sock)
        exchange.sent = True  # from here on nobody can say that nothing left
        super().send(data)

    def getresponse(self) -> Any:
        self.timeout = _current.get().effort.patience()
        return super().getresponse()

    def close(self) -> None:
        if self._exchange is not None:
            self._exchange.let_go()
        super().close()

    def _new_conn(self) -> socket.socket:
        """Return a connected socket; each of several addresses gets its share of the time.

        :raises ConnectTimeoutError: if no address answered in time
        :raises NewConnectionError: if none can be reached
        """
        try:
            return self._reach()
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from None
        except TimeoutError:
            raise ConnectTimeoutError(self, "The connection timed out.") from None
        except OSError as error:
            raise NewConnectionError(self, f"No connection: {error.errno}.") from None

    def _reach(self) -> socket.socket:
        effort = _current.get().effort
        addresses = names.resolve(
            self._dns_host.strip("[]"), self.port, seconds=effort.patience(CONNECT_SECONDS)
        )
        trouble: OSError = OSError()
        for tried, (family, kind, protocol, _, address) in enumerate(addresses):
            share = effort.left / (len(addresses) - tried)
            sock = socket.socket(family, kind, protocol)
            try:
                egress.must_be_callable(address[0])
                for option in self.socket_options or []:
                    sock.setsockopt(*option)
                sock.settimeout(effort.patience(min(CONNECT_SECONDS, share)))
                sock.connect(address)
            except OSError as error:
                sock.close()
                trouble = error
            else:
                # A TLS handshake has one timeout for the whole of it, and takes it from here.
                sock.settimeout(effort.patience(CONNECT_SECONDS))
                return sock
        raise trouble


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

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: TracebackType | None = None,
    ) -> "ConnectRetry":
        """Return the policy after this failure.

        :raises Exception: the failure itself, or urllib3's word for it, if that was the last try
        """
        rest = super().increment(method, url, response, error, _pool, _stacktrace)
        if error is not None and not _current.get().effort.allows(rest.get_backoff_time()):
            raise error
        return rest

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
    """A session with one origin, which takes nothing from the environment and keeps no cookies."""

    def __init__(self, auth: Bearer, home: Origin) -> None:
        super().__init__()
        self._home = home
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

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: else requests would read and parse a redirect that nobody follows."""

    def ask(
        self,
        method: str,
        url: str,
        exchange: Exchange,
        *,
        body: bytes | None,
        headers: dict[str, str],
    ) -> requests.Response:
        """Return the answer as soon as its headers are in; no redirect is followed.

        :raises OSError: or urllib3's `HTTPError`, if there is none
        """
        self._home.must_cover(url)
        effort = exchange.effort
        self.adapter.max_retries = ConnectRetry.within(effort)
        token = _current.set(exchange)
        try:
            return self.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=(effort.patience(CONNECT_SECONDS), effort.patience()),
                allow_redirects=False,
                stream=True,
            )
        finally:
            _current.reset(token)
            tries = max(1, exchange.connects)
            effort.attempts += tries
            effort.retries = max(0, effort.retries - (tries - 1))
