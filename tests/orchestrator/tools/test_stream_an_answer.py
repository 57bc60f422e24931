"""Reading an answer while it comes in…"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolTimeoutError,
    ToolUnavailableError,
)
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.transport import Transport
from tests.servers.hostile import Fault, HostileServer, make_certificate

pytestmark = pytest.mark.once

HEAD = b"HTTP/1.1 200 OK\r\nX-Some: Thing\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """Return one chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@contextmanager
def talking(say: Callable[[socket.socket], object]) -> Iterator[tuple[Transport, list[int]]]:
    """Run a server that reads each request and then talks; the list counts its connections."""
    connections: list[int] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(65536):
                say(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        transport = Transport(f"http://127.0.0.1:{listener.getsockname()[1]}", "")
        yield transport, connections
        transport.close()
        listener.shutdown(socket.SHUT_RDWR)


def effort(seconds: float = 5) -> Effort:
    return Effort(seconds=seconds, retries=0)


def test_hands_out_each_part_as_soon_as_it_is_there() -> None:
    go_on = threading.Event()

    def say(connection: socket.socket) -> None:
        connection.sendall(HEAD + chunk(b"one"))
        go_on.wait(30)
        connection.sendall(chunk(b"two") + END)

    with talking(say) as (transport, _), transport.open("POST", "", effort=effort()) as stream:
        assert (stream.status, stream.headers["x-some"]) == (200, "Thing")
        chunks = stream.chunks()
        assert next(chunks) == b"one"
        go_on.set()
        assert b"".join(chunks) == b"two"


def test_keeps_the_connection_when_the_end_follows_closely() -> None:
    def say(connection: socket.socket) -> None:
        connection.sendall(HEAD + chunk(b"all that matters"))
        time.sleep(0.01)
        connection.sendall(END)

    with talking(say) as (transport, connections):
        for _ in range(3):
            with transport.open("POST", "", effort=effort()) as stream:
                next(stream.chunks())
        assert len(connections) == 1


def test_waits_only_a_moment_for_an_end_that_does_not_come() -> None:
    with talking(lambda it: it.sendall(HEAD + chunk(b"x"))) as (transport, connections):
        started = time.monotonic()
        for _ in range(3):
            with transport.open("POST", "", effort=effort(15)) as stream:
                next(stream.chunks())
        assert time.monotonic() - started < 3
        assert len(connections) == 3


def test_gives_the_connection_up_when_the_reader_fails() -> None:
    with talking(lambda it: it.sendall(HEAD + chunk(b"x") + END)) as (transport, connections):
        for _ in range(2):
            with (
                pytest.raises(ZeroDivisionError),
                transport.open("POST", "", effort=effort()),
            ):
                raise ZeroDivisionError
        assert len(connections) == 2


def test_lets_another_request_out_in_between() -> None:
    with (
        talking(lambda it: it.sendall(HEAD + chunk(b"x") + END)) as (transport, _),
        transport.open("POST", "", effort=effort()) as outer,
    ):
        with transport.open("POST", "", effort=effort()) as inner:
            assert inner.read() == b"x"
        assert outer.read() == b"x"


@pytest.mark.parametrize(
    "body", [HEAD + b"5\r\nab", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"]
)
def test_tells_a_broken_body_from_a_complete_one(body: bytes) -> None:
    def say(connection: socket.socket) -> None:
        connection.sendall(body)
        connection.shutdown(socket.SHUT_RDWR)

    with talking(say) as (transport, _), transport.open("POST", "", effort=effort()) as stream:
        with pytest.raises(ToolUnavailableError) as caught:
            stream.read()
        assert caught.value.maybe_sent
        assert caught.value.__context__ is None


def test_stops_at_four_megabytes() -> None:
    def say(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        for _ in range(80):
            connection.sendall(chunk(b"x" * 65536))
        connection.sendall(END)

    with (
        talking(say) as (transport, _),
        transport.open("POST", "", effort=effort()) as stream,
        pytest.raises(ToolBadResponseError),
    ):
        stream.read()


def test_does_not_begin_after_the_deadline() -> None:
    with talking(lambda it: it.sendall(HEAD + END)) as (transport, connections):
        with (
            pytest.raises(ToolTimeoutError) as caught,
            transport.open("POST", "", effort=effort(0)),
        ):
            pass
        assert not caught.value.maybe_sent
        assert connections == []


def test_does_not_take_headers_cut_off_by_the_deadline_for_an_answer() -> None:
    def say(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 404 Not Found\r\n")
        for _ in range(100):
            connection.sendall(b"X-Drip: drop\r\n")
            time.sleep(0.05)

    with (
        talking(say) as (transport, _),
        pytest.raises(ToolTimeoutError) as caught,
        transport.open("POST", "", effort=effort(0.5)),
    ):
        pass
    assert caught.value.maybe_sent


def test_counts_the_time_that_connecting_took_in_a_tls_handshake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        time.sleep(2.7)
        real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    with HostileServer(Fault.TLS_DRIP) as hostile:
        transport = Transport(hostile.url, "")
        started = time.monotonic()
        with (
            pytest.raises(ToolTimeoutError) as caught,
            transport.open("POST", "", effort=effort(3)),
        ):
            pass

    assert time.monotonic() - started == pytest.approx(3, abs=0.9)  # it would be 5.7
    assert not caught.value.maybe_sent


def test_trusts_no_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with HostileServer(Fault.TLS_SILENCE, certificate=make_certificate(tmp_path)) as hostile:
        transport = Transport(hostile.url, "a-token")
        with (
            pytest.raises(ToolUnavailableError) as caught,
            transport.open("POST", "", effort=effort()),
        ):
            pass
        transport.close()

    assert not caught.value.maybe_sent
    assert hostile.requests == 0


def test_trusts_no_certificate_for_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with HostileServer(Fault.TLS_SILENCE, certificate=certificate) as hostile:
        transport = Transport(hostile.url.replace("127.0.0.1", "localhost"), "a-token")
        with (
            pytest.raises(ToolUnavailableError),
            transport.open("POST", "", effort=effort()),
        ):
            pass
        transport.close()

    assert hostile.requests == 0
