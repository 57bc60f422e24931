"""Are there real provider tools, and does a registration reach them safely?"""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError
from orchestrator.tools.toolbox import get_toolbox
from signupassist.readiness.findings import Finding, advised, needed

OPTIONAL = {Tool.GET_REGISTRATION}


def look(at: datetime) -> Iterator[Finding]:
    """Yield what was found; asks the tool server for its tools."""
    yield needed(
        "Provider tools",
        settings.USE_REAL_MCP,
        "real" if settings.USE_REAL_MCP else "samples only: nobody is registered anywhere",
        "Set USE_REAL_MCP=true and MCP_SERVER_URL.",
    )
    if not settings.USE_REAL_MCP:
        return
    yield from _tools()
    is_private = _is_private(settings.MCP_SERVER_URL)
    yield needed(
        "Way to the server",
        is_private,
        "encrypted, or on this machine"
        if is_private
        else "open: logins would travel in clear text",
        "Use an https address in MCP_SERVER_URL.",
    )
    yield advised(
        "Samples instead of answers",
        not settings.MCP_FALLBACK,
        "may stand in for reads" if settings.MCP_FALLBACK else "never",
        "Set MCP_FALLBACK=off, so that parents plan with real data alone.",
    )


def _tools() -> Iterator[Finding]:
    try:
        listed = get_toolbox().list_tools()
    except ToolError as error:
        yield needed(
            "Tool server",
            False,
            f"does not list its tools: {error.log_word}",
            "Start it, and see MCP_SERVER_URL, MCP_ACCESS_TOKEN and MCP_TRANSPORT.",
        )
        return
    lacking = [tool.mcp_name for tool in Tool if tool not in OPTIONAL]
    lacking = [name for name in lacking if name not in listed]
    yield needed(
        "Tool server",
        not lacking,
        f"lacks {', '.join(lacking)}" if lacking else f"has all tools, {len(listed)} listed",
        "Have the server offer the tools that it lacks.",
    )
    takes_keys = "idempotency_key" in listed.get(Tool.SUBMIT_REGISTRATION.mcp_name, ())
    can_look_up = Tool.GET_REGISTRATION.mcp_name in listed
    ways = ["can be sent again"] * takes_keys + ["can be asked after"] * can_look_up
    yield advised(
        "Unclear outcomes",
        bool(ways),
        " and ".join(ways) if ways else "are left to a person",
        "Have the server take idempotency_key, or offer scp.get_registration.",
    )


def _is_private(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    return parts.scheme == "https" or is_here
