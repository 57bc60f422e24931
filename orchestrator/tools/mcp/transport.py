"""HTTP exchanges with the tool server, each inside one call's deadline."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urldefrag, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from audit.egress import Origin
from orchestrator.tools.errors import ToolBadResponseError, ToolTimeoutError
from orchestrator.tools.mcp.connection import Bearer, BoundSession, Exchange
from orchestrator.tools.mcp.effort import Effort

ANSWER_LIMIT = 4 * 1024 * 1024
CHUNK = 64 * 1024
SAME_REQUEST_ELSEWHERE = frozenset({307, 308})
MOST_IDLE = 16
LINGER_SECONDS = 0.05


@dataclass(frozen=True)
class HttpAnswer:
    """A complete answer, body included."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpStream:
    """An answer whose body may still be on its way. `headers` do not mind upper and lower case."""

    def __init__(self, response: requests.Response, exchange: Exchange) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._exchange = exchange
        self._size = 0
        self._is_complete = False

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes in, as it comes in, until the body is complete.

        :raises ToolTimeoutError: if the deadline fired
        :raises ToolUnavailableError: if the connection broke
        :raises ToolBadResponseError: if the body is encoded or larger than the limit
        """
        if self.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise ToolBadResponseError(maybe_sent=True)
        while chunk := self._next():
            yield chunk

    def read(self) -> bytes:
        """Return the whole body; raises what `chunks` does."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """End the exchange; whoever did not read to the end gives the connection up."""
        self._exchange.let_go()
        self._response.close()

    def linger(self) -> None:
        """Wait a moment for the end of a body that was read as far as it matters.

        A server ends a stream right after its last event; reading that end, too, keeps the
        connection fit for the next call.
        """
        ends_at = monotonic() + LINGER_SECONDS
        with suppress(OSError, HTTPError, ToolBadResponseError):
            while not self._is_complete and (left := ends_at - monotonic()) > 0:
                self._exchange.wait_at_most(left)
                self._take()

    def _next(self) -> bytes:
        chunk: bytes | None = None
        with suppress(OSError, HTTPError):  # raised below: no context may carry the tool's text
            chunk = self._take()
        if chunk is None or self._exchange.is_over:
            raise self._exchange.failure()
        return chunk

    def _take(self) -> bytes:
        chunk: bytes = self._response.raw.read1(CHUNK, decode_content=False)
        self._is_complete = not chunk
        self._size += len(chunk)
        if self._size > ANSWER_LIMIT:
            raise ToolBadResponseError(maybe_sent=True)
        return chunk


class Transport:
    """The road to one server: pooled sessions for reads, a fresh one for what goes out once.

    A session serves one exchange at a time and then waits for the next, on whichever thread that
    is: threads come and go, and leave no connection behind.
    """

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._url = parts._replace(fragment="").geturl()
        self._base = parts._replace(path=parts.path.rstrip("/"), query="", fragment="").geturl()
        self.has_path = bool(parts.path.rstrip("/"))
        self._home = Origin.of(self._url)
        self._auth = Bearer(token)
        self._idle: list[BoundSession] = []
        self._pid = os.getpid()

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        *,
        effort: Effort,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> Iterator[HttpStream]:
        """Hand out the server's answer, whatever its status, as soon as its headers are in.

        `path` is appended to the server's address; "" means the address itself. `fresh` asks for a
        connection of its own: a pooled one may have gone stale, and then nobody would know whether
        the request got through. One redirect within the server's own origin is followed, with the
        same request (307, 308); any other comes back as the answer that it is, and our token and
        the parent's data go nowhere else.

        :raises ToolTimeoutError: if the deadline fired
        :raises ToolUnavailableError: if no connection came about, or it broke
        """
        url = self._base + path if path else self._url
        told = {"traceparent": effort.trace_parent, **(headers or {})}
        with self._session(fresh=fresh) as session:
            for is_last in (False, True):
                with Exchange(effort) as exchange:
                    stream = _ask(session, method, url, exchange, body, told)
                    try:
                        target = None if is_last else self._elsewhere(url, stream)
                        if target is None:
                            yield stream
                            stream.linger()
                            return
                    finally:
                        stream.close()
                url = target

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
        """Return the server's complete answer, whatever its status; `open` tells more.

        :raises ToolTimeoutError: if the deadline fired
        :raises ToolUnavailableError: if no connection came about, or it broke
        :raises ToolBadResponseError: if the answer is too large or encoded
        """
        with self.open(
            method, path, effort=effort, body=body, headers=headers, fresh=fresh
        ) as stream:
            return HttpAnswer(stream.status, stream.headers, stream.read())

    def close(self) -> None:
        """Close the connections that wait for their next exchange."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _session(self, *, fresh: bool) -> Iterator[BoundSession]:
        """Lend a session to one exchange."""
        if fresh:
            with BoundSession(self._auth, self._home) as session:
                session.headers["Connection"] = "close"
                yield session
            return
        if self._pid != os.getpid():  # never share sockets across a fork
            self._idle, self._pid = [], os.getpid()
        try:
            session = self._idle.pop()
        except IndexError:
            session = BoundSession(self._auth, self._home)
        try:
            yield session
        finally:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(session)
            else:
                session.close()

    def _elsewhere(self, url: str, stream: HttpStream) -> str | None:
        """Return where the same request is to go instead, if that is the same server."""
        if stream.status not in SAME_REQUEST_ELSEWHERE:
            return None
        try:
            target = urldefrag(urljoin(url, stream.headers.get("Location", ""))).url
        except ValueError:
            return None
        return target if self._home.covers(target) else None


def _ask(
    session: BoundSession,
    method: str,
    url: str,
    exchange: Exchange,
    body: bytes | None,
    headers: dict[str, str],
) -> HttpStream:
    """Return the answer that begins.

    :raises ToolError: if none does
    """
    exchange.effort.status = None
    if exchange.effort.is_over:
        raise ToolTimeoutError
    response = None
    with suppress(OSError, HTTPError):  # requests' own errors are OSErrors
        response = session.ask(method, url, exchange, body=body, headers=headers)
    if response is not None and exchange.is_over:
        # A socket shut down in the middle of the headers looks like their end.
        exchange.let_go()
        response.close()
        response = None
    if response is None:  # raised here, so that no context carries the request or the tool's text
        raise exchange.failure()
    exchange.effort.status = response.status_code
    return HttpStream(response, exchange)
