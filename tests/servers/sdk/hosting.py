"""One loopback address that serves several MCP apps by path, and a back door for the tests."""

import argparse
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.tools.contract import Tool
from tests.servers.sdk.tools import TOKEN, SampleTools

BACK_DOOR = "/for-tests"


class ByPath:
    """Hands each request to the app that is mounted at exactly its path."""

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._apps = apps
        self.sessions: dict[str, str] = {}  # each session id that a client named, and its path
        self.version = ""  # the protocol version of the last request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Request(scope).headers
        self.version = headers.get("MCP-Protocol-Version", "")
        if session := headers.get("Mcp-Session-Id"):
            self.sessions[session] = scope["path"]
        app = self._apps.get(scope["path"].rstrip("/"), Response(status_code=404))
        await app(scope, receive, send)


class WithoutModernEra:
    """Answers as a server does that has never heard of the stateless revisions."""

    def __init__(self, app: ASGIApp, known: frozenset[str]) -> None:
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        version = Request(scope).headers.get("MCP-Protocol-Version") if "path" in scope else None
        if version is None or version in self._known:
            await self._app(scope, receive, send)
            return
        error = {"code": -32600, "message": "Bad Request: Unsupported protocol version"}
        refusal = {"jsonrpc": "2.0", "id": "server-error", "error": error}
        await JSONResponse(refusal, status_code=400)(scope, receive, send)


def bare_wire(tools: SampleTools, token: str) -> Route:
    """Return `POST /tools/call` beside the SDK's own wires, so that all can be compared."""
    by_name = {tool.mcp_name: tool for tool in Tool}

    async def call(request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {token}":
            return JSONResponse({"detail": "Unauthorized"}, status_code=401)
        asked = await request.json()
        tool = by_name[asked["tool"]]
        return JSONResponse(tools.run(tool, lambda body, _: body, asked["args"]))

    return Route("/tools/call", call, methods=["POST"])


def serve(
    tools: SampleTools,
    token: str,
    apps: Mapping[str, Starlette],
    fronts: Mapping[str, ASGIApp] | None = None,
) -> None:
    """Serve until SIGTERM; the address is the first line on standard output.

    `fronts` stand before some of the apps, under the same path.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    async def back_door(request: Request) -> Response:
        if request.method == "GET":
            told = {"sessions": by_path.sessions, "version": by_path.version}
            return JSONResponse({"calls": tools.calls, "bookings": tools.bookings, **told})
        if request.method == "DELETE":
            tools.calls.clear()
            tools.scripts.clear()
            by_path.sessions.clear()
        else:
            tools.scripts.update(await request.json())
        return Response(status_code=204)

    by_path = ByPath({**apps, **(fronts or {})})
    methods = ["GET", "PUT", "DELETE"]
    routes = [
        Route(BACK_DOOR, back_door, methods=methods),
        bare_wire(tools, token),
        Mount("/", by_path),
    ]
    # The protocol is named, or asyncio would not turn Nagle's waiting off.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # from here on nobody is refused
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        Starlette(routes=routes, lifespan=lifespan),
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


def token_from_command_line() -> str:
    """Return the bearer token that `--token` asks every client for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--token", default=TOKEN)
    token: str = parser.parse_args().token
    return token
