"""The wire to the model: one origin, one deadline, so many bytes, and nothing that was not asked for.

The SDK speaks through httpx2, whose timeouts begin anew at every byte. Here every wait is given what
is left of the deadline instead, from the lookup of the name to the last byte of the answer (the
standard library holds a TLS handshake and a TLS read to their timeout as a whole).
"""

import select
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import monotonic
from typing import Any

import httpcore2
import httpx2

from audit import egress
from audit.egress import Origin
from orchestrator.tools.mcp import names

MOST_BYTES = 64 * 1024  # of an answer; a good one has a few hundred
CONNECT_SECONDS = 2.0
READ_BYTES = 16 * 1024
# What the SDK adds besides tells of this machine; the environment could add more.
HEADERS = {"accept", "authorization", "content-length", "content-type", "host"}
# All that is heard of an answer: no cookie, no alphabet but UTF-8, no hint for the SDK
HEARD = {b"content-type", b"retry-after"}
OURS = {"user-agent": "SignupAssist/1", "accept-encoding": "identity"}

_ends_at: ContextVar[float] = ContextVar("the_model_has_until")


class AnswerRefusedError(httpx2.TransportError):
    """The answer is longer than any good one, or packed although we asked for it plain."""


@contextmanager
def _in_the_sdks_words() -> Iterator[None]:
    """Let what goes wrong inside be an error that the SDK knows."""
    try:
        yield
    except httpcore2.TimeoutException:
        raise httpx2.TimeoutException("The model was too slow.") from None
    except (OSError, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise httpx2.TransportError("The model cannot be reached.") from error


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let everything that is sent inside be over in so many seconds, all of it together."""
    token = _ends_at.set(monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def left() -> float:
    """Return the seconds until the deadline, never fewer than none."""
    return max(0.0, _ends_at.get() - monotonic())


def _patience(most: float = float("inf")) -> float:
    """Return a timeout within the deadline.

    :raises TimeoutError: if it is over
    """
    if (seconds := min(most, left())) <= 0:
        raise TimeoutError
    return seconds


class Line(httpcore2.NetworkStream):
    """A connection on which every wait ends with the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._sock.settimeout(_patience())
            return self._sock.recv(min(max_bytes, READ_BYTES))
        except TimeoutError:
            raise httpcore2.ReadTimeout from None
        except OSError as error:
            raise httpcore2.ReadError from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            self._sock.settimeout(_patience())
            self._sock.sendall(buffer)
        except TimeoutError:
            raise httpcore2.WriteTimeout from None
        except OSError as error:
            raise httpcore2.WriteError from error

    def close(self) -> None:
        with suppress(OSError):
            self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            self._sock.settimeout(_patience(CONNECT_SECONDS))
            return Line(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname))
        except TimeoutError:
            self.close()
            raise httpcore2.ConnectTimeout from None
        except OSError as error:
            self.close()
            raise httpcore2.ConnectError from error

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # asked of an idle connection: then the other side has ended it
            return self._is_readable()
        return self._sock if info == "socket" else None

    def _is_readable(self) -> bool:
        if self._sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))


class Backend(httpcore2.NetworkBackend):
    """Opens connections to addresses at which a service can be, each with its share of the time."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            return self._reach(host, port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except OSError as error:
            raise httpcore2.ConnectError from error

    def _reach(self, host: str, port: int) -> httpcore2.NetworkStream:
        found = names.resolve(host.strip("[]"), port, seconds=_patience(CONNECT_SECONDS))
        trouble: OSError = OSError()
        for tried, (family, kind, protocol, _, address) in enumerate(found):
            sock = socket.socket(family, kind, protocol)
            try:
                egress.must_be_callable(address[0])
                sock.settimeout(_patience(min(CONNECT_SECONDS, left() / (len(found) - tried))))
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                trouble = error
            else:
                return Line(sock)
        raise trouble


class Answer(httpx2.SyncByteStream):
    """The bytes of an answer, and no more than a good one has."""

    def __init__(self, found: httpcore2.Response) -> None:
        self._found = found

    def __iter__(self) -> Iterator[bytes]:
        many = 0
        with _in_the_sdks_words():
            for some in self._found.iter_stream():
                many += len(some)
                if many > MOST_BYTES:
                    raise AnswerRefusedError("The answer is too long.")
                yield some

    def close(self) -> None:
        self._found.close()


class Transport(httpx2.BaseTransport):
    """Carries requests to one origin, as they are: no proxy, no redirect, no cookie."""

    def __init__(self, home: Origin) -> None:
        self._home = home
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context() if home.scheme == "https" else None,
            keepalive_expiry=30.0,
            max_keepalive_connections=4,
            network_backend=Backend(),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        with _in_the_sdks_words():
            found = self._pool.handle_request(self._tidied(request))
        answer = Answer(found)
        told = {name.lower(): value for name, value in found.headers}
        if told.get(b"content-encoding", b"identity") != b"identity":
            answer.close()
            raise AnswerRefusedError("The answer is packed.")
        heard = [(name, told[name].partition(b";")[0].strip()) for name in HEARD & set(told)]
        return httpx2.Response(found.status, headers=heard, stream=answer)

    def _tidied(self, request: httpx2.Request) -> httpcore2.Request:
        """Return the request as it may go out.

        :raises EgressRefusedError: if it leads elsewhere
        """
        url = request.url
        self._home.must_cover(str(url))
        kept = [(name, value) for name, value in request.headers.items() if name in HEADERS]
        return httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=[*kept, *OURS.items()],
            content=request.read(),
            extensions={"timeout": {"pool": left()}},
        )

    def close(self) -> None:
        self._pool.close()
