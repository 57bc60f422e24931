"""A server on loopback that holds its clients up, in every way we know of.

    with HostileServer(Fault.HEADER_DRIP) as server:
        ...  # ask server.url for something

It speaks bytes, not HTTP, and lets go of everybody when its block ends.
"""

import enum
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DRIP_SECONDS = 0.05
SLOW_SECONDS = 1.2

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
PROGRESS = {
    "jsonrpc": "2.0",
    "method": "notifications/progress",
    "params": {"progressToken": 1, "progress": 1},
}


class Fault(enum.StrEnum):
    """What it does to whoever asks."""

    SILENCE = "takes the request and says nothing"
    DEAFNESS = "takes the connection and reads nothing"
    STATUS_DRIP = "sends the status line a byte at a time"
    HEADER_DRIP = "sends one header after the other, for ever"
    CONTINUE_DRIP = "tells the client to continue, again and again"
    BODY_DRIP = "sends the body a byte at a time"
    OPEN_ENDED_DRIP = "sends a body without a length, a byte at a time"
    CHUNK_DRIP = "sends the length of a chunk a digit at a time"
    SSE_COMMENTS = "sends comments in an event stream, for ever"
    SSE_PROGRESS = "reports progress in an event stream, for ever"
    RETRY_AFTER = "asks to be left alone for an hour"
    BLACK_HOLE = "lets no connection come about"
    TLS_STALL = "says nothing in the TLS handshake"
    TLS_DRIP = "sends its part of the TLS handshake a byte at a time"
    TLS_SILENCE = "takes the request over TLS and says nothing"
    TLS_HEADER_DRIP = "sends headers over TLS, for ever"
    TLS_BODY_DRIP = "sends the body over TLS, a byte at a time"
    SLOW_HANDSHAKE = "is slow to shake hands by MCP, and slow again to answer"

    @property
    def is_tls(self) -> bool:
        """Return whether clients have to come over https."""
        return self.name.startswith("TLS_")

    @property
    def is_before_the_request(self) -> bool:
        """Return whether a client cannot have sent any of its request."""
        return self in {Fault.BLACK_HOLE, Fault.TLS_STALL, Fault.TLS_DRIP}


class HostileServer:
    """One fault, for the length of a `with` block."""

    def __init__(self, fault: Fault, *, certificate: Path | None = None) -> None:
        self.fault = fault
        self.connections = 0
        self.requests = 0
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._fillers: list[socket.socket] = []
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        is_black_hole = fault is Fault.BLACK_HOLE
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0 if is_black_hole else 256)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Return the address to give as MCP_SERVER_URL."""
        return f"{'https' if self.fault.is_tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        if self.fault is Fault.BLACK_HOLE:
            self._fill_up()
        else:
            self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for filler in self._fillers:
            filler.close()
        for thread in self._threads:
            thread.join(5)

    def _fill_up(self) -> None:
        """Take all places in the queue, so that the kernel drops every other SYN."""
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self._listener.getsockname())
            self._fillers.append(filler)

    def _start(self, run: Any, *args: Any) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            match self.fault:
                case Fault.TLS_STALL | Fault.DEAFNESS:
                    self._stopping.wait()
                    return
                case Fault.TLS_DRIP:
                    self._drip(connection, b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\x00")
                    return
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                for body in self._read(connection):
                    self.requests += 1
                    if not self._answer(connection, body):
                        return

    def _read(self, connection: socket.socket) -> Iterator[bytes]:
        """Yield the bodies of the requests on one connection."""
        with connection.makefile("rb") as stream:
            while line := stream.readline():
                length = 0
                while line.strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                    line = stream.readline()
                yield stream.read(length)

    def _answer(self, connection: socket.socket, body: bytes) -> bool:
        """Answer, in a way; return whether the connection may be used again."""
        match self.fault:
            case Fault.RETRY_AFTER:
                connection.sendall(
                    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3600\r\n"
                    b"Content-Length: 0\r\n\r\n"
                )
                return True
            case Fault.SLOW_HANDSHAKE:
                return self._shake_hands(connection, body)
            case Fault.SILENCE | Fault.TLS_SILENCE:
                self._stopping.wait()
            case Fault.STATUS_DRIP:
                self._drip(connection, b"HTTP/1.1 2", b"0")
            case Fault.HEADER_DRIP | Fault.TLS_HEADER_DRIP:
                self._drip(connection, JSON_HEAD, b"X-Drip: drop\r\n")
            case Fault.CONTINUE_DRIP:
                self._drip(connection, b"", b"HTTP/1.1 100 Continue\r\n\r\n")
            case Fault.BODY_DRIP | Fault.TLS_BODY_DRIP:
                self._drip(connection, JSON_HEAD + b"Content-Length: 100000\r\n\r\n", b" ")
            case Fault.OPEN_ENDED_DRIP:
                self._drip(connection, JSON_HEAD + b"Connection: close\r\n\r\n", b" ")
            case Fault.CHUNK_DRIP:
                self._drip(connection, JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0")
            case Fault.SSE_COMMENTS:
                self._drip(connection, SSE_HEAD + b"\r\n", b": still here\n\n")
            case Fault.SSE_PROGRESS:
                event = b"event: message\ndata: " + json.dumps(PROGRESS).encode() + b"\n\n"
                self._drip(connection, SSE_HEAD + b"\r\n", event)
        return False

    def _drip(self, connection: socket.socket, head: bytes, drop: bytes) -> None:
        connection.sendall(head)
        while not self._stopping.wait(DRIP_SECONDS):
            connection.sendall(drop)

    def _shake_hands(self, connection: socket.socket, body: bytes) -> bool:
        """Answer as an MCP server of the handshake era, and the bare wire, at leisure."""
        asked: dict[str, Any] = json.loads(body or b"{}")
        method = asked.get("method", "")
        if method.startswith("notifications/"):
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            return True
        if method == "server/discover":
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return True
        if self._stopping.wait(SLOW_SECONDS):
            return False
        result: dict[str, Any] = {"content": [], "structuredContent": {"programs": []}}
        if method == "initialize":
            result = {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "slow", "version": "1"},
            }
        answer = json.dumps({"jsonrpc": "2.0", "id": asked.get("id"), "result": result}).encode()
        connection.sendall(JSON_HEAD + b"Content-Length: %d\r\n\r\n" % len(answer) + answer)
        return True


def make_certificate(folder: Path) -> Path:
    """Return a file with a key and a certificate for 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hostile")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "hostile.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
