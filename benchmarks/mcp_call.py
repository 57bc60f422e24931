"""What one tool call costs: a bare pooled `requests.post`, our client, and the official SDK's.

    python -m benchmarks.mcp_call [--calls N]

starts one live server (official SDK 2.x, on loopback), and asks it for the same search over each
wire, in turn and in random order: all sides of all wires meet the machine in the same state. Our
side is the whole client, deadline, breaker, retries, log lines and schema check included; the SDK's
is its client as synchronous code must use it, through `asyncio.run`. The first calls, with their
connections and handshakes, are not counted. Prints medians and ratios; ends with 1 where a goal is
missed: at most 1.3 times the bare post, at most a fifth of the SDK's.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal
from uuid import uuid4

import django
import httpx2
import requests
from django.test import override_settings
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from tqdm import tqdm

from tests.servers.sdk.running import SdkServer, serving

WARM_UP = 5
MOST_OF_BARE, MOST_OF_SDK = 1.3, 0.2
TOOL, ARGS = "scp.search_providers", {"query": "Blackhawk"}
ACCEPT = "application/json, text/event-stream"


@dataclass
class Side:
    """One way to make the call, and how long each call took."""

    wire: str
    name: Literal["bare post", "ours", "SDK"]
    call: Callable[[], None]
    seconds: list[float] = field(default_factory=list)

    def run(self, *, counts: bool) -> None:
        """Make the call once."""
        start = time.perf_counter()
        self.call()
        if counts:
            self.seconds.append(time.perf_counter() - start)

    @property
    def milliseconds(self) -> float:
        """Return the median."""
        return median(self.seconds) * 1000


def post_bare(
    url: str, token: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> Callable[[], None]:
    """Return a call by `requests` alone: pooled, and the answer read as JSON where it is JSON."""
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {token}", "Accept": ACCEPT, **headers})

    def call() -> None:
        answer = session.post(url, json=body, timeout=30)
        answer.raise_for_status()
        json.loads(answer.text.rpartition("data: ")[2])  # the last event, or all of the body

    return call


def handshake(url: str, token: str) -> dict[str, str]:
    """Return the headers of a session that is ready for calls."""
    headers = {"Authorization": f"Bearer {token}", "Accept": ACCEPT}
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "benchmark", "version": "1"},
    }
    begin = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    answer = requests.post(url, json=begin, headers=headers, timeout=30)
    answer.raise_for_status()
    session = {
        "Mcp-Session-Id": answer.headers["Mcp-Session-Id"],
        "MCP-Protocol-Version": "2025-11-25",
    }
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    requests.post(url, json=ready, headers=headers | session, timeout=30).raise_for_status()
    return session


def rpc(**meta: Any) -> dict[str, Any]:
    """Return the JSON-RPC request for the call."""
    params = {"name": TOOL, "arguments": ARGS, **({"_meta": meta} if meta else {})}
    return {"jsonrpc": "2.0", "id": str(uuid4()), "method": "tools/call", "params": params}


def call_ours(url: str, token: str, transport: str) -> Callable[[], None]:
    """Return a call by our toolbox, as the service makes it."""
    from orchestrator.tools.contract import Tool
    from orchestrator.tools.toolbox import get_toolbox

    with override_settings(
        USE_REAL_MCP=True,
        MCP_SERVER_URL=url,
        MCP_ACCESS_TOKEN=token,
        MCP_TRANSPORT=transport,
        MCP_FALLBACK=False,
    ):
        get_toolbox.cache_clear()
        toolbox = get_toolbox()

    def call() -> None:
        toolbox.call(Tool.SEARCH_PROVIDER, ARGS)

    return call


def call_by_sdk(url: str, token: str) -> Callable[[], None]:
    """Return a call by the official SDK's client."""

    async def once() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            result = await client.call_tool(TOOL, ARGS)
            if result.is_error:
                raise RuntimeError("the tool refused")

    return lambda: asyncio.run(once())


def sides(server: SdkServer) -> list[Side]:
    """Return every way to make the call, wire by wire."""
    token, found = server.token, []
    bare = post_bare(server.url("tools/call"), token, {"tool": TOOL, "args": ARGS}, {})
    found += [
        Side("tools-call", "bare post", bare),
        Side("tools-call", "ours", call_ours(server.origin, token, "tools-call")),
    ]
    version = "2026-07-28"
    about = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    }
    modern = {"MCP-Protocol-Version": version, "Mcp-Method": "tools/call", "Mcp-Name": TOOL}
    for wire in ("handshake-json", "handshake-sse", "stateless-json", "stateless-sse"):
        url = server.url(wire)
        if wire.startswith("handshake"):
            bare = post_bare(url, token, rpc(), handshake(url, token))
        else:
            bare = post_bare(url, token, rpc(**about), modern)
        found += [
            Side(wire, "bare post", bare),
            Side(wire, "ours", call_ours(url, token, "streamable-http")),
            Side(wire, "SDK", call_by_sdk(url, token)),
        ]
    return found


def measure(all_sides: list[Side], calls: int) -> None:
    """Make every call so many times, each round in an order of its own."""
    rounds = range(-WARM_UP, calls)
    for turn in tqdm(rounds, unit="round", disable=None):
        for side in random.sample(all_sides, len(all_sides)):
            side.run(counts=turn >= 0)


def report(all_sides: list[Side]) -> bool:
    """Print medians and ratios; return whether the goals are met."""
    by_wire: dict[str, dict[str, float]] = {}
    for side in all_sides:
        by_wire.setdefault(side.wire, {})[side.name] = side.milliseconds
    print(f"{'wire':<16}{'bare post':>12}{'ours':>10}{'SDK':>10}{'ours/bare':>12}{'ours/SDK':>11}")
    met = True
    for wire, times in by_wire.items():
        bare, ours = times["bare post"], times["ours"]
        sdk = times.get("SDK")
        line = f"{wire:<16}{bare:>9.2f} ms{ours:>7.2f} ms"
        line += (
            f"{sdk:>7.1f} ms{ours / bare:>12.2f}{ours / sdk:>11.3f}"
            if sdk
            else (f"{'–':>10}{ours / bare:>12.2f}{'–':>11}")
        )
        print(line)
        met &= ours / bare <= MOST_OF_BARE and (sdk is None or ours / sdk <= MOST_OF_SDK)
    print(f"Goals ({MOST_OF_BARE} × bare post, {MOST_OF_SDK} × SDK): {'met' if met else 'MISSED'}")
    return met


def main() -> int:
    """Return 0 where the goals are met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=100, metavar="N", help="calls of each side")
    calls = max(1, parser.parse_args().calls)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    with Path(os.devnull).open("w") as nowhere, serving("2x") as server:
        logging.basicConfig(stream=nowhere, level=logging.INFO, force=True)
        all_sides = sides(server)
        measure(all_sides, calls)
        return 0 if report(all_sides) else 1


if __name__ == "__main__":
    sys.exit(main())
