"""Calling other machines…"""

import ast
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_django import Settings

from accounts.jwks import KeySet, KeysUnavailableError
from audit.egress import EgressRefusedError, Origin, must_be_callable
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolUnavailableError
from orchestrator.tools.mcp import names
from orchestrator.tools.mcp.connection import Bearer, BoundSession, Exchange
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.toolbox import get_toolbox

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
APPS = ["accounts", "audit", "credentials", "orchestrator", "sessions_store", "signupassist"]

# What can open a connection, and who may have it in hand
CLIENTS = {
    "aiohttp", "asyncio", "ftplib", "http.client", "httpcore2", "httpx", "httpx2", "imaplib",
    "jwt.jwks_client", "openai", "poplib", "requests", "smtplib", "socket", "telnetlib",
    "urllib.request", "urllib3", "websockets", "xmlrpc.client",
}  # fmt: skip
MAY = {
    "accounts/jwks.py": {"http.client", "socket"},  # the keys of the issuers in AUTH_LANES
    "orchestrator/language/client.py": {"httpx2", "openai"},  # OPENAI_BASE_URL
    "orchestrator/language/wire.py": {"httpcore2", "httpx2", "socket"},
    "orchestrator/tasks.py": {"socket"},  # this machine's own name
    "orchestrator/tools/mcp/connection.py": {"requests", "socket", "urllib3"},  # MCP_SERVER_URL
    "orchestrator/tools/mcp/transport.py": {"requests", "urllib3"},
    "orchestrator/tools/mcp/names.py": {"socket", "urllib3"},
    "sessions_store/jobs.py": {"socket"},  # this machine's own name
    "signupassist/serve.py": {"http.client", "socket"},  # asks itself whether it is well
}
INSIDES = {"PyJWKClient", "urlopen", "open_connection", "create_connection"}  # by any name

PLACES = ["http://tools.example:8080", "https://tools.example/mcp", "http://[::1]:80/"]


def imported(file: Path) -> Iterator[str]:
    """Yield the modules and names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_is_done_by_no_code_but_two_clients() -> None:
    found: dict[str, set[str]] = {}
    for file in (file for app in APPS for file in (ROOT / app).rglob("*.py")):
        for name in imported(file):
            clients = {one for one in CLIENTS if name == one or name.startswith(f"{one}.")}
            clients |= INSIDES & {name.rpartition(".")[2]}
            if clients:
                found.setdefault(str(file.relative_to(ROOT)), set()).update(clients)
    unforeseen = {file: names - MAY.get(file, set()) for file, names in found.items()}
    assert {file: names for file, names in unforeseen.items() if names} == {}


@pytest.mark.parametrize(
    "url",
    [
        "http://tools.example:8080", "http://TOOLS.example:8080/any/path?x#y",
        "http://tools.example:8080/\u00e9",
    ],
)  # fmt: skip
def test_reaches_any_path_of_the_configured_origin(url: str) -> None:
    Origin.of(PLACES[0]).must_cover(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://tools.example:8080", "http://tools.example", "http://tools.example:8081",
        "http://tools.example.evil.example:8080", "http://evil.example:8080",
        "http://tools.example:8080@evil.example/", "http://evil.example\\@tools.example:8080/",
        "http://tools.example:8080\\@evil.example", "http://user@tools.example:8080/",
        "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "gopher://tools.example:8080",
        "//tools.example:8080", "/mcp", "", None, "http://", "http://tools.example:99999",
        "http://tools.example:8080 .evil.example/", "http://tools.example:8080\t/", "http://[::1",
    ],
)  # fmt: skip
def test_reaches_nothing_else(url: str | None) -> None:
    with pytest.raises(EgressRefusedError):
        Origin.of(PLACES[0]).must_cover(url)


def test_knows_the_usual_ports() -> None:
    assert Origin.of("https://a.example").covers("https://a.example:443/x")
    assert Origin.of("http://a.example:80").covers("http://a.example")
    assert not Origin.of("https://a.example").covers("https://a.example:80")


NOWHERE = [
    "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1",  # noqa: S104
    "ff02::1", "255.255.255.255", "240.0.0.1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
]  # fmt: skip


@pytest.mark.parametrize("address", NOWHERE)
def test_refuses_addresses_at_which_no_service_can_be(address: str) -> None:
    with pytest.raises(EgressRefusedError):
        must_be_callable(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "192.168.0.5", "fd12::7", "8.8.8.8",
     "2606:4700::1111", "64:ff9b::808:808", "100.64.0.1"],
)  # fmt: skip
def test_takes_this_machine_private_networks_and_the_world(address: str) -> None:
    must_be_callable(address)


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254"])
def test_looks_at_the_address_that_a_name_means_at_that_moment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """A name that was fine when it was configured may lead elsewhere later (DNS rebinding)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = (family, socket.SOCK_STREAM, 0, "", (address, 80))
    monkeypatch.setattr(names, "resolve", lambda *_, **__: [found])
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it was called"))
    settings.USE_REAL_MCP, settings.MCP_SERVER_URL = True, "http://tools.example"
    settings.MCP_FALLBACK, settings.MCP_MAX_RETRIES = False, 0
    get_toolbox.cache_clear()

    with pytest.raises(ToolUnavailableError):
        get_toolbox().call(Tool.SEARCH_PROVIDER, {"query": "Blackhawk"})


def test_asks_no_issuer_for_its_keys_at_such_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Line(http.client.HTTPConnection):
        def connect(self) -> None:
            self.sock = SimpleNamespace(
                getpeername=lambda: ("169.254.169.254", 80), close=lambda: None
            )

        def request(self, *args: Any, **kwargs: Any) -> None:
            asked.append(args)

    monkeypatch.setattr(http.client, "HTTPConnection", Line)

    with pytest.raises(KeysUnavailableError):
        KeySet("http://issuer.example/jwks.json").find("a key", "ES256")

    assert asked == []


def test_is_held_to_the_origin_at_the_last_moment() -> None:
    effort = Effort(seconds=1, retries=0, may_retry=lambda: False)
    session = BoundSession(Bearer(""), Origin.of("http://127.0.0.1:9"))

    with Exchange(effort) as exchange, pytest.raises(EgressRefusedError):
        session.ask("GET", "http://127.0.0.1:10/", exchange, body=None, headers={})
