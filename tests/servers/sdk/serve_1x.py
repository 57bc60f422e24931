"""`python -m tests.servers.sdk.serve_1x` serves the tools with the official SDK 1.x.

It runs in the environment that `tests.servers.sdk.environment` makes. Paths: `/mcp` as the SDK
comes (SSE with a session), and the four `/handshake-…` that `serve_2x` has, too.
"""

from importlib import import_module
from typing import Any

from tests.servers.sdk.hosting import serve, token_from_command_line
from tests.servers.sdk.tools import SampleTools, as_text, methods

# By name: the types of the suite's own environment are those of the SDK 2.x.
fastmcp = import_module("mcp.server.fastmcp")
provider = import_module("mcp.server.auth.provider")
auth = import_module("mcp.server.auth.settings")
types = import_module("mcp.types")


class OneToken:
    """Knows one bearer token."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def verify_token(self, token: str) -> Any:
        """Return who it is, or None."""
        if token != self._token:
            return None
        return provider.AccessToken(token=token, client_id="signupassist", scopes=["scp"])


def answer(body: dict[str, Any], refused: bool) -> Any:
    """Return a result as many servers of this SDK send it: as text alone."""
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=as_text(body))], isError=refused
    )


def app(tools: SampleTools, token: str, path: str, **how: bool) -> Any:
    """Return an app that serves the tools at the path."""
    server = fastmcp.FastMCP(
        "signupassist-tests",
        log_level="CRITICAL",
        token_verifier=OneToken(token),
        auth=auth.AuthSettings(
            issuer_url="https://issuer.example",
            resource_server_url=f"http://127.0.0.1{path}",
            required_scopes=["scp"],
            validate_token_resource=False,
        ),
        streamable_http_path=path,
        json_response=how.get("json", False),
        stateless_http=how.get("sessionless", False),
    )
    for name, function in methods(tools, answer).items():
        server.add_tool(function, name=name, structured_output=False)
    return server.streamable_http_app()


def main() -> None:
    """Serve until SIGTERM."""
    tools, token = SampleTools(), token_from_command_line()
    manners: dict[str, dict[str, bool]] = {
        "/mcp": {},
        "/handshake-json": {"json": True},
        "/handshake-sse": {},
        "/handshake-json-sessionless": {"json": True, "sessionless": True},
        "/handshake-sse-sessionless": {"sessionless": True},
    }
    apps = {path: app(tools, token, path, **how) for path, how in manners.items()}
    serve(tools, token, apps)


if __name__ == "__main__":
    main()
