"""`python -m deploy.demo_tools`: a provider to try the service with, over MCP (Streamable HTTP) at /mcp.

It serves the sample catalogue and keeps its bookings in memory. Nobody is signed up for anything. The
revisions are those with a handshake (https://modelcontextprotocol.io/specification/2025-11-25/basic),
without sessions, and each answer is one JSON object. PORT chooses the port; MCP_ACCESS_TOKEN is the
bearer token that it asks for.
"""

import hmac
import json
import os
import sys
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolMissingError, ToolRefusedError
from orchestrator.tools.mock.tools import TAKES, MockTools

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
MOST_BYTES = 256 * 1024
INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32600, -32601, -32602
LOOKS_UP = {Tool.GET_REGISTRATION: {"idempotency_key"}}
BY_NAME = {tool.mcp_name: tool for tool in Tool}

Body = dict[str, Any]


class Provider:
    """The tools, and what was booked with them."""

    def __init__(self) -> None:
        self._tools = MockTools(reference_prefix="DEMO")
        self._bookings: dict[str, Body] = {}  # by idempotency key

    def answer(self, method: str, params: Body) -> Body | None:
        """Return a method's result, or None where there is no such method."""
        if method == "initialize":
            wanted = params.get("protocolVersion")
            return {
                "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[0],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "signupassist-demo", "version": "1"},
            }
        if method == "ping":
            return {}
        if method == "tools/list":
            return {"tools": [_described(tool) for tool in Tool]}
        if method == "tools/call":
            return self._call(str(params.get("name")), params.get("arguments") or {})
        return None

    def _call(self, name: str, args: Body) -> Body:
        try:
            return _result(self._do(BY_NAME.get(name), args))
        except ToolMissingError:
            return _result({"error": {"code": "unknown_tool", "message": name}}, is_error=True)
        except ToolRefusedError as refusal:
            error = {"code": refusal.code, "message": refusal.message}
            return _result({"error": error}, is_error=True)

    def _do(self, tool: Tool | None, args: Body) -> Body:
        if tool is None:
            raise ToolMissingError
        key = str(args.get("idempotency_key", ""))
        if tool is Tool.GET_REGISTRATION:
            if key not in self._bookings:
                raise ToolRefusedError("not_found", "There is no such registration.")
            return self._bookings[key]
        done = self._tools.call(tool, args)
        if tool is Tool.SUBMIT_REGISTRATION:
            self._bookings[key] = done
        return done


def _described(tool: Tool) -> Body:
    takes: Body = {name: {} for name in sorted({**TAKES, **LOOKS_UP}[tool])}
    schema = {"type": "object", "properties": takes}
    return {"name": tool.mcp_name, "description": tool.value, "inputSchema": schema}


def _result(body: Body, *, is_error: bool = False) -> Body:
    text = {"type": "text", "text": json.dumps(body)}
    return {"content": [text], "isError": is_error, "structuredContent": body}


class Door(BaseHTTPRequestHandler):
    """One message of a client, and the answer to it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    provider = Provider()
    token = ""

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MOST_BYTES:
            self.close_connection = True  # what it sends is not read
            self._say(HTTPStatus.BAD_REQUEST)
            return
        message = _message(self.rfile.read(int(length)))
        given = self.headers.get("Authorization", "").encode()
        if self.token and not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            self._say(HTTPStatus.UNAUTHORIZED)
        elif self.path != "/mcp":
            self._say(HTTPStatus.NOT_FOUND)
        elif message is None or self._version() not in VERSIONS:
            self._refuse(None, INVALID_REQUEST, HTTPStatus.BAD_REQUEST)
        elif "id" not in message or "method" not in message:
            self._say(HTTPStatus.ACCEPTED)  # a notification, or an answer to a question of ours
        else:
            self._answer(message)

    def do_GET(self) -> None:
        self._say(HTTPStatus.METHOD_NOT_ALLOWED)  # we never speak first

    def do_DELETE(self) -> None:
        self._say(HTTPStatus.METHOD_NOT_ALLOWED)  # there is no session to end

    def log_message(self, *_: Any, **__: Any) -> None:
        """Say nothing: what is sent to a provider is not for a log."""

    def _version(self) -> str:
        return self.headers.get("MCP-Protocol-Version", VERSIONS[0])

    def _answer(self, message: Body) -> None:
        method, params = str(message["method"]), message.get("params") or {}
        arguments = params.get("arguments") or {} if isinstance(params, dict) else None
        if not isinstance(arguments, dict):
            self._refuse(message["id"], INVALID_PARAMS)
            return
        result = self.provider.answer(method, params)
        if result is None:
            self._refuse(message["id"], METHOD_NOT_FOUND)
        else:
            self._say(HTTPStatus.OK, {"jsonrpc": "2.0", "id": message["id"], "result": result})

    def _refuse(self, number: object, code: int, status: HTTPStatus = HTTPStatus.OK) -> None:
        error = {"code": code, "message": "This cannot be done."}
        self._say(status, {"jsonrpc": "2.0", "id": number, "error": error})

    def _say(self, status: HTTPStatus, body: Body | None = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _message(content: bytes) -> Body | None:
    try:
        message = json.loads(content)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def main() -> int:
    """Serve until TERM or Ctrl-C, and return 0."""
    Door.token = os.environ.get("MCP_ACCESS_TOKEN", "")
    port = int(os.environ.get("PORT") or "8080")
    server = ThreadingHTTPServer(("", port), Door)
    server.daemon_threads = True
    print(f"sample tools at port {port}, path /mcp", flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
