"""Staying with the configured server, whatever it or the environment says…"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.transport import HttpAnswer, Transport

pytestmark = pytest.mark.once

Request = tuple[str, str, dict[str, str], bytes]


class Redirecting(ThreadingHTTPServer):
    """A server that sends clients elsewhere: `status` and `location` for all paths but /there."""

    daemon_threads = True
    status, location = 307, "/there"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One connection to a `Redirecting`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        server.requests.append(("POST", self.path, dict(self.headers), body))
        is_there = self.path == "/there"
        self.send_response(200 if is_there else server.status)
        if not is_there:
            self.send_header("Location", server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Say nothing."""


@pytest.fixture
def here() -> Iterator[Redirecting]:
    """The configured server."""
    yield from running()


@pytest.fixture
def elsewhere() -> Iterator[Redirecting]:
    """Another one."""
    yield from running()


def running() -> Iterator[Redirecting]:
    """Serve for as long as a test takes."""
    with Redirecting() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server: Redirecting, path: str = "/x", *, fresh: bool = False) -> HttpAnswer:
    """Send one request there."""
    transport = Transport(server.url, "a-token")
    try:
        return transport.exchange(
            "POST",
            path,
            effort=Effort(seconds=5, retries=0),
            body=json.dumps({"a": 1}).encode(),
            headers={"X-Mine": "yes"},
            fresh=fresh,
        )
    finally:
        transport.close()


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("fresh", [False, True])
def test_takes_the_same_request_to_another_path_of_its_own(
    here: Redirecting, status: int, fresh: bool
) -> None:
    here.status = status

    answer = ask(here, fresh=fresh)

    assert answer.status == 200
    assert [request[1] for request in here.requests] == ["/x", "/there"]
    assert here.requests[1][3] == b'{"a": 1}'
    assert here.requests[1][2]["Authorization"] == "Bearer a-token"
    assert here.requests[1][2]["X-Mine"] == "yes"


def test_follows_one_redirect_and_no_more(here: Redirecting) -> None:
    here.location = "/round/and/round"

    assert ask(here).status == 307
    assert len(here.requests) == 2


@pytest.mark.parametrize("status", [301, 302, 303])
def test_follows_none_that_would_change_the_request(here: Redirecting, status: int) -> None:
    here.status = status

    assert ask(here).status == status
    assert len(here.requests) == 1


@pytest.mark.parametrize(
    "way", ["{url}/there", "//{host}/there", "{ours}@{host}/there", "http://["]
)
def test_carries_nothing_to_another_server(
    here: Redirecting, elsewhere: Redirecting, way: str
) -> None:
    host = elsewhere.url.removeprefix("http://")
    here.location = way.format(url=elsewhere.url, host=host, ours=here.url)

    assert ask(here).status == 307
    assert (len(here.requests), elsewhere.requests) == (1, [])


def test_takes_no_name_and_password_from_a_redirect(here: Redirecting) -> None:
    here.location = here.url.replace("http://", "http://somebody:else@") + "/there"

    assert ask(here).status == 307
    assert len(here.requests) == 1


def test_ignores_proxies_and_netrc(
    here: Redirecting, elsewhere: Redirecting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, elsewhere.url)

    ask(here, "/there")

    assert here.requests[0][2]["Authorization"] == "Bearer a-token"
    assert elsewhere.requests == []
