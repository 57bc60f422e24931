"""An MCP server on loopback that keeps to the protocol until a test tells it how not to.

    with ScriptedMcp(eras={"handshake"}) as server:
        server.script("tools/call", lambda it: it.events(it.event(PING), it.event(it.result())))
        ...
        assert server.asked("tools/call") == 1

Scripts are used up one by one, each for one message of that method; `GET` and `DELETE` are methods,
too. Without one the server answers as the revision of its era demands.
"""

import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

TOKEN = "a-test-token"
STATELESS = "2026-07-28"
HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26")
PING = {"jsonrpc": "2.0", "id": "server-1", "method": "ping"}
PROGRESS = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
PROVIDERS: dict[str, Any] = {"providers": []}
TOOLS = [
    {"name": "scp.search_providers", "inputSchema": {"properties": {"query": {}}}},
    {"name": "scp.submit_registration", "inputSchema": {"properties": {"idempotency_key": {}}}},
]


@dataclass(frozen=True)
class Seen:
    """One message as it came in; `method` is `GET` or `DELETE` where there was no message."""

    method: str
    message: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def params(self) -> Mapping[str, Any]:
        """Return what came with it."""
        found: Mapping[str, Any] = self.message.get("params", {})
        return found


@dataclass
class ScriptedMcp:
    """A server for the length of a `with` block, or until `stop`."""

    eras: frozenset[str] | set[str] = frozenset({"stateless", "handshake"})
    version: str = HANDSHAKE[0]  # what the handshake agrees on
    sessions: set[str] | None = field(default_factory=set)  # None: does not keep any
    tools: list[dict[str, Any]] = field(default_factory=lambda: [dict(tool) for tool in TOOLS])
    listing: dict[str, Any] = field(default_factory=dict)  # what else tools/list says
    seen: list[Seen] = field(default_factory=list)
    path: str = "/mcp"
    port: int = 0
    token: str = TOKEN  # none: lets everybody in

    def __post_init__(self) -> None:
        self.stopping = threading.Event()
        self._scripts: dict[str, list[Callable[[It], None]]] = defaultdict(list)
        owner = self

        class Handler(It):
            server_of_mcp = owner

        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def origin(self) -> str:
        """Return the address without a path."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        """Return the address to give as MCP_SERVER_URL."""
        return self.origin + self.path

    def script(self, method: str, *scripts: "Callable[[It], None]") -> None:
        """Let the next messages of this method be answered by the scripts, in turn."""
        self._scripts[method] += scripts

    def asked(self, method: str) -> int:
        """Return how many messages of this method came in."""
        return len(self.all(method))

    def all(self, method: str) -> list[Seen]:
        """Return the messages of this method, oldest first."""
        return [one for one in self.seen if one.method == method]

    def last(self, method: str) -> Seen:
        """Return the newest message of this method."""
        return self.all(method)[-1]

    def next_script(self, method: str) -> "Callable[[It], None] | None":
        """Return how this message is to be answered, None for honestly."""
        return self._scripts[method].pop(0) if self._scripts[method] else None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()


class It(BaseHTTPRequestHandler):
    """One message, and the ways to answer it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_of_mcp: ScriptedMcp
    message: Mapping[str, Any]

    # What there is to say

    def result(self, **result: Any) -> dict[str, Any]:
        """Return the reply to this message; by default that of a tool that found nothing."""
        said = result or {"content": [], "structuredContent": PROVIDERS}
        return {"jsonrpc": "2.0", "id": self.message.get("id"), "result": said}

    def error(self, code: int, **more: Any) -> dict[str, Any]:
        """Return the reply to this message that is an error."""
        error = {"code": code, "message": "canary-of-the-server", **more}
        return {"jsonrpc": "2.0", "id": self.message.get("id"), "error": error}

    def event(self, message: object = "", **fields: str | int) -> bytes:
        """Return the message as an event, with an `id` or a wish to `retry`."""
        data = message if isinstance(message, str) else json.dumps(message)
        lines = [f"{name}: {value}" for name, value in fields.items()] + [f"data: {data}"]
        return "\n".join([*lines, "", ""]).encode()

    # How to say it

    def json(self, body: object, status: int = 200, **headers: str) -> None:
        """Answer with JSON."""
        self.raw(
            json.dumps(body).encode(), status, **{"Content_Type": "application/json"} | headers
        )

    def raw(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        """Answer with anything."""
        self._head(status, {"Content_Length": str(len(body)), **headers})
        self.wfile.write(body)

    def events(
        self, *events: bytes, then: Callable[[], object] = lambda: None, last: bytes = b""
    ) -> None:
        """Answer with events, one by one; when `then` is through, with the `last`, and end."""
        self._head(200, {"Content_Type": "text/event-stream", "Transfer_Encoding": "chunked"})
        for event in events:
            self._chunk(event)
        then()
        if last:
            self._chunk(last)
        self._chunk(b"")

    def break_off(self, *events: bytes) -> None:
        """Begin a stream of events, and let the connection break in the middle."""
        self._head(200, {"Content_Type": "text/event-stream", "Content_Length": "100000"})
        self.wfile.write(b"".join(events))
        self.close_connection = True

    def say_nothing(self) -> None:
        """Keep the client waiting until the server stops."""
        self.server_of_mcp.stopping.wait()
        self.close_connection = True

    # What the server does by itself

    def handle(self) -> None:
        with suppress(OSError):  # the client hung up
            super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        message = json.loads(body)
        self._answer(message.get("method", "answer"), message)

    def do_GET(self) -> None:
        self._answer("GET", {})

    def do_DELETE(self) -> None:
        self._answer("DELETE", {})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Say nothing: tests read the client's log, not ours."""

    def _answer(self, method: str, message: Mapping[str, Any]) -> None:
        self.message = message
        server = self.server_of_mcp
        server.seen.append(Seen(method, message, dict(self.headers)))
        script = server.next_script(method)
        if script is not None:
            script(self)
        elif server.token and self.headers.get("Authorization") != f"Bearer {server.token}":
            self.raw(status=401)
        elif self.path != server.path:
            self.raw(status=404)
        else:
            self._answer_honestly(method)

    def _answer_honestly(self, method: str) -> None:
        server, version = self.server_of_mcp, self.headers.get("MCP-Protocol-Version")
        if method in {"GET", "DELETE"}:
            self.raw(status=405)
        elif version == STATELESS and "stateless" in server.eras:
            self._stateless(method)
        elif version in {None, *HANDSHAKE} and "handshake" in server.eras:
            self._handshake(method)
        elif "stateless" in server.eras:
            data = {"supported": [STATELESS], "requested": str(version)}
            self.json(self.error(-32022, data=data), 400)
        else:
            self.json(self.error(-32600) | {"id": "server-error"}, 400)

    def _stateless(self, method: str) -> None:
        if self.headers.get("Mcp-Method") != method:
            self.json(self.error(-32020), 400)
        elif method == "server/discover":
            self.json(self.result(supportedVersions=[STATELESS], capabilities={"tools": {}}))
        else:
            self._serve(method)

    def _handshake(self, method: str) -> None:
        server, session = self.server_of_mcp, self.headers.get("Mcp-Session-Id")
        if method == "initialize":
            headers: dict[str, Any] = {}
            if server.sessions is not None:
                headers = {"Mcp_Session_Id": uuid.uuid4().hex}
                server.sessions |= set(headers.values())
            about = {"capabilities": {}, "serverInfo": {"name": "scripted", "version": "1"}}
            self.json(self.result(protocolVersion=server.version, **about), **headers)
        elif server.sessions is not None and session not in server.sessions:
            self.json(self.error(-32600) | {"id": "server-error"}, 404)
        elif "id" not in self.message or "method" not in self.message:
            self.raw(status=202)
        else:
            self._serve(method)

    def _serve(self, method: str) -> None:
        if method == "tools/list":
            self.json(self.result(tools=self.server_of_mcp.tools, **self.server_of_mcp.listing))
        elif method == "tools/call":
            self.json(self.result())
        else:
            self.json(self.error(-32601), 404)

    def _chunk(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
