"""A server of the official SDK as a process of its own, for as long as a `with` block."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import requests

from tests.environments import ROOT
from tests.servers.sdk.environment import SDK_1X
from tests.servers.sdk.hosting import BACK_DOOR
from tests.servers.sdk.tools import TOKEN, Script

HANDSHAKE = (
    "handshake-json",
    "handshake-sse",
    "handshake-json-sessionless",
    "handshake-sse-sessionless",
)
MANNERS = {"2x": ("stateless-json", "stateless-sse", *HANDSHAKE), "1x": HANDSHAKE}
WIRES = [f"sdk-{major}-{manner}" for major, manners in MANNERS.items() for manner in manners]


class SdkServer:
    """What tests know of a running server."""

    def __init__(self, origin: str, token: str) -> None:
        self.origin = origin
        self.token = token

    def url(self, manner: str = "mcp") -> str:
        """Return the address to give as MCP_SERVER_URL for this manner of serving."""
        return f"{self.origin}/{manner}"

    def calls(self, tool: str) -> list[dict[str, Any]]:
        """Return the arguments of every call that the tool got."""
        return [call["args"] for call in self._told()["calls"] if call["tool"] == tool]

    def bookings(self) -> dict[str, dict[str, Any]]:
        """Return what was booked, by idempotency key."""
        return cast("dict[str, dict[str, Any]]", self._told()["bookings"])

    def version(self) -> str:
        """Return the protocol version that the last request named."""
        return str(self._told()["version"])

    def end_sessions(self) -> int:
        """End every session that a client has, as an operator would; return how many."""
        sessions: dict[str, str] = self._told()["sessions"]
        for session, path in sessions.items():
            headers = {"Mcp-Session-Id": session, "Authorization": f"Bearer {self.token}"}
            requests.delete(self.origin + path, headers=headers, timeout=10).raise_for_status()
        return len(sessions)

    def _told(self) -> dict[str, Any]:
        answer = requests.get(self.origin + BACK_DOOR, timeout=10)
        return cast("dict[str, Any]", answer.json())

    def script(self, tool: str, script: Script) -> None:
        """Let a tool misbehave from now on."""
        requests.put(self.origin + BACK_DOOR, json={tool: script}, timeout=10).raise_for_status()

    def forget(self) -> None:
        """Forget calls, scripts and session ids."""
        requests.delete(self.origin + BACK_DOOR, timeout=10).raise_for_status()


@contextmanager
def serving(major: str, *, token: str = TOKEN) -> Iterator[SdkServer]:
    """Give a running server of the SDK's major version (`2x` or `1x`).

    :raises NotInstalledError: if the SDK 1.x cannot be installed here
    """
    python = Path(sys.executable) if major == "2x" else SDK_1X.interpreter()
    command = [str(python), "-m", f"tests.servers.sdk.serve_{major}", "--token", token]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            origin = process.stdout.readline().strip()
            if not origin:
                raise RuntimeError(f"the server ended with {process.wait()}")
            yield SdkServer(origin, token)
        finally:
            process.terminate()
            process.wait(timeout=10)
