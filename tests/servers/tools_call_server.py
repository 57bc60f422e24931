"""A real tool server on loopback that speaks the bare wire: `POST /tools/call` and `GET /tools`.

It serves the sample catalogue, counts every call, and misbehaves on request, tool by tool:

    with ToolsCallServer() as server:
        server.script("scp.get_programs", Script(status=503), times=2)
        ...
        assert server.count("scp.get_programs") == 3

By hand: `python -m tests.servers.tools_call_server --port 8080 --token secret`, with any number of
`--script scp.get_programs=status:500` (also `delay:3`, `silent`, `drip`, `cut`,
`refuse:program_full`).
"""

import argparse
import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolRefusedError
from orchestrator.tools.mock.tools import MockTools

TOKEN = "a-test-token"
DRIP_SECONDS = 0.1
BY_NAME = {tool.mcp_name: tool for tool in Tool}
SUBMIT = Tool.SUBMIT_REGISTRATION.mcp_name


@dataclass(frozen=True)
class Script:
    """How to answer instead of telling the truth; by default, the truth after no delay."""

    status: int | None = None  # answer with this status and `body`
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds to wait first
    silent: bool = False  # take the request and say nothing until the server stops
    drip: bool = False  # send the body a byte at a time, and never finish
    drip_seconds: float = math.inf  # for so long; then fall silent
    cut: bool = False  # read the request, then drop the connection
    refuse: str = ""  # this machine code, with `status` or 200
    deed: bool = False  # do what was asked before misbehaving


@dataclass(frozen=True)
class Call:
    """One request as it came in."""

    tool: str
    args: dict[str, Any]
    headers: dict[str, str]


class ToolsCallServer:
    """A server for the length of a `with` block (or until `stop`)."""

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = TOKEN,
        looks_up: bool = False,
        lists_keys: bool = True,
        honours_keys: bool = True,
    ) -> None:
        self.token = token
        self.looks_up = looks_up  # whether it has scp.get_registration
        self.lists_keys = lists_keys  # whether it says that it takes an idempotency key
        self.honours_keys = honours_keys  # whether the same key gets the same booking
        self.bookings: dict[str, dict[str, Any]] = {}  # by idempotency key, the first of each
        self.booked: list[str] = []  # the key of every booking made, doubled ones included
        self.calls: list[Call] = []
        self.lists = 0
        self.connections = 0
        self.hidden: set[str] = set()  # tools that this server pretends not to have
        self.stopping = threading.Event()
        self._tools = MockTools(reference_prefix="TEST")
        self._scripts: dict[str, tuple[Script, int | None]] = {}
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Return the address to give as MCP_SERVER_URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def script(self, tool: str, script: Script, *, times: int | None = None) -> None:
        """Let a tool answer by the script, for so many calls or for good."""
        with self._lock:
            self._scripts[tool] = (script, times)

    def count(self, tool: str) -> int:
        """Return how often a tool was called."""
        return sum(call.tool == tool for call in self.calls)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def serve(self) -> None:
        """Serve in this thread until interrupted."""
        self._http.serve_forever()

    def stop(self) -> None:
        """Stop, and let go of everybody who is still waiting."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def next_script(self, tool: str) -> Script:
        """Return how this call is to be answered."""
        with self._lock:
            script, times = self._scripts.get(tool, (Script(), None))
            if times == 0:
                return Script()
            if times is not None:
                self._scripts[tool] = (script, times - 1)
            return script

    def listed(self) -> dict[str, Any]:
        """Return what `GET /tools` says."""
        tools = self._tools.list_tools()
        if self.looks_up:
            tools[Tool.GET_REGISTRATION.mcp_name] = frozenset({"idempotency_key"})
        if not self.lists_keys:
            tools[SUBMIT] -= {"idempotency_key"}
        return {
            "tools": [
                {
                    "name": name,
                    "inputSchema": {
                        "type": "object",
                        "properties": {argument: {} for argument in sorted(arguments)},
                    },
                }
                for name, arguments in tools.items()
                if name not in self.hidden
            ]
        }

    def run(self, name: str, args: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and body of an honest answer."""
        if name not in {tool["name"] for tool in self.listed()["tools"]}:
            return 404, {"detail": "Not found"}
        key = str(args.get("idempotency_key", ""))
        try:
            if BY_NAME[name] is Tool.GET_REGISTRATION:
                if key not in self.bookings:
                    raise ToolRefusedError("not_found", "There is no such registration.")
                return 200, self.bookings[key]
            result = self._tools.call(BY_NAME[name], args)
            return 200, self._book(key, result) if name == SUBMIT else result
        except ToolRefusedError as refusal:
            return 422, {"error": {"code": refusal.code, "message": refusal.message}}

    def _book(self, key: str, booking: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if key not in self.bookings:
                self.bookings[key] = booking
            elif self.honours_keys:
                return self.bookings[key]
            else:
                again = f"{booking['confirmation_ref']}-{len(self.booked)}"
                booking = {**booking, "confirmation_ref": again}
            self.booked.append(key)
            return booking

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(_Handler):
            server_of_tools = owner

        return Handler


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes; do not wait in between
    server_of_tools: ToolsCallServer

    def setup(self) -> None:
        super().setup()
        self.server_of_tools.connections += 1

    def do_GET(self) -> None:
        self.server_of_tools.lists += 1
        if not self._is_allowed():
            self._send(401, b'{"detail": "Unauthorized"}')
        elif self.path == "/tools":
            self._send(200, json.dumps(self.server_of_tools.listed()).encode())
        else:
            self._send(404, b"{}")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:  # the client died halfway
            self.close_connection = True
            return
        if self.path != "/tools/call":
            self._send(404, b"{}")
            return
        if not self._is_allowed():
            self._send(401, b'{"error": {"code": "unauthorized", "message": "bad token"}}')
            return
        request = json.loads(body)
        tool, args = request["tool"], request["args"]
        self.server_of_tools.calls.append(Call(tool, args, dict(self.headers)))
        self._answer(tool, args, self.server_of_tools.next_script(tool))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Say nothing: tests read the client's log, not ours."""

    def _is_allowed(self) -> bool:
        token = self.server_of_tools.token
        return not token or self.headers.get("Authorization") == f"Bearer {token}"

    def _answer(self, tool: str, args: dict[str, Any], script: Script) -> None:
        stopping = self.server_of_tools.stopping
        stopping.wait(script.delay)
        if script.deed:
            self.server_of_tools.run(tool, args)
        if script.cut or script.silent:
            if script.silent:
                stopping.wait()
            self.close_connection = True
        elif script.drip:
            self._drip(script)
        elif script.refuse:
            error = {"error": {"code": script.refuse, "message": "the provider's own words"}}
            self._send(script.status or 200, json.dumps(error).encode(), script.headers)
        elif script.status is not None:
            self._send(script.status, script.body, script.headers)
        else:
            status, result = self.server_of_tools.run(tool, args)
            self._send(status, json.dumps(result).encode(), script.headers)

    def _drip(self, script: Script) -> None:
        self.close_connection = True
        self.send_response(script.status or 200)
        for name, value in {"Content-Type": "application/json", **script.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        dry_at = time.monotonic() + script.drip_seconds
        while not self.server_of_tools.stopping.wait(DRIP_SECONDS):
            if time.monotonic() > dry_at:
                self.server_of_tools.stopping.wait()
                return
            try:
                self.wfile.write(b" ")
            except OSError:
                return

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


def script_of(words: str) -> Script:
    """Return the script that a word of the command line names."""
    kind, _, value = words.partition(":")
    match kind:
        case "status":
            return Script(status=int(value))
        case "delay":
            return Script(delay=float(value))
        case "refuse":
            return Script(refuse=value)
        case "silent":
            return Script(silent=True)
        case "drip":
            return Script(drip=True)
        case "cut":
            return Script(cut=True)
    raise argparse.ArgumentTypeError(f"{words!r} is no script")


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--token", default="", help="the bearer token to ask for (default: none)")
    parser.add_argument("--script", action="append", default=[], metavar="TOOL=SCRIPT")
    parser.add_argument("--looks-up", action="store_true", help="have scp.get_registration")
    parser.add_argument("--no-keys", action="store_true", help="neither list nor honour the key")
    chosen = parser.parse_args()
    server = ToolsCallServer(
        port=chosen.port,
        token=chosen.token,
        looks_up=chosen.looks_up,
        lists_keys=not chosen.no_keys,
        honours_keys=not chosen.no_keys,
    )
    for line in chosen.script:
        tool, _, words = line.partition("=")
        server.script(tool, script_of(words))
    print(f"tools at {server.url}", flush=True)
    try:
        server.serve()
    except KeyboardInterrupt:
        pass
    finally:
        server.stopping.set()


if __name__ == "__main__":
    main()
