"""`python -m tests.servers.sdk.serve_2x` serves the tools with the official SDK 2.x.

- `/mcp`: as the SDK comes: both eras, the handshake era by SSE with a session
- `/stateless-json`, `/stateless-sse`: both eras; that of 2026-07-28 in JSON, or talking first
- `/handshake-json`, `/handshake-sse`, and each with `-sessionless`: the handshake era alone
"""

from typing import Any

from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp_types import (
    CallToolResult,
    ContentBlock,
    ProgressNotification,
    ProgressNotificationParams,
    TextContent,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.types import ASGIApp

from tests.servers.sdk.hosting import WithoutModernEra, serve, token_from_command_line
from tests.servers.sdk.tools import SampleTools, as_text, methods


class OneToken:
    """Knows one bearer token."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return who it is, or None."""
        if token != self._token:
            return None
        return AccessToken(token=token, client_id="signupassist", scopes=["scp"])


def answer(body: dict[str, Any], refused: bool) -> CallToolResult:
    """Return a result as a careful server sends it: structured, and as text for the others."""
    text: list[ContentBlock] = [TextContent(type="text", text=as_text(body))]
    if refused:
        return CallToolResult(content=text, is_error=True)
    return CallToolResult(content=text, structured_content=body)


async def talk_first(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Tell of progress before a tool answers, so that the answer becomes a stream."""
    if ctx.method == "tools/call":
        for step in (1, 2):
            told = ProgressNotificationParams(progress_token="nobody-asked", progress=step)
            await ctx.session.send_notification(
                ProgressNotification(params=told), related_request_id=ctx.request_id
            )
    return await call_next(ctx)


def app(
    tools: SampleTools, token: str, path: str, *, talks: bool = False, **how: bool
) -> Starlette:
    """Return an app that serves the tools at the path."""
    server = MCPServer(
        "signupassist-tests",
        version="1",
        log_level="CRITICAL",
        token_verifier=OneToken(token),
        auth=AuthSettings(
            issuer_url=AnyHttpUrl("https://issuer.example"),
            resource_server_url=AnyHttpUrl(f"http://127.0.0.1{path}"),
            required_scopes=["scp"],
            validate_token_resource=False,
        ),
        middleware=[talk_first] if talks else [],
    )
    for name, function in methods(tools, answer).items():
        server.add_tool(function, name=name, structured_output=False)
    return server.streamable_http_app(
        streamable_http_path=path,
        json_response=how.get("json", False),
        stateless_http=how.get("sessionless", False),
    )


def main() -> None:
    """Serve until SIGTERM."""
    tools, token = SampleTools(), token_from_command_line()
    manners: dict[str, dict[str, bool]] = {
        "/mcp": {},
        "/stateless-json": {"json": True},
        "/stateless-sse": {"talks": True},
        "/handshake-json": {"json": True},
        "/handshake-sse": {"talks": True},
        "/handshake-json-sessionless": {"json": True, "sessionless": True},
        "/handshake-sse-sessionless": {"sessionless": True},
    }
    apps = {path: app(tools, token, path, **how) for path, how in manners.items()}
    known = frozenset(HANDSHAKE_PROTOCOL_VERSIONS)
    fronts: dict[str, ASGIApp] = {
        path: WithoutModernEra(one, known) for path, one in apps.items() if "handshake" in path
    }
    serve(tools, token, apps, fronts)


if __name__ == "__main__":
    main()
