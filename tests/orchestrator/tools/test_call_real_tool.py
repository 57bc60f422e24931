"""Calling a real tool over the bare wire…"""

import socket
import threading
from typing import Any

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import (
    ToolAuthError,
    ToolBadResponseError,
    ToolError,
    ToolFailedError,
    ToolMissingError,
    ToolRefusedError,
    ToolUnavailableError,
)
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.mcp.transport import Transport
from tests.orchestrator.tools.conftest import MakeToolbox
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

PROGRAMS = "scp.get_programs"
CLUB = {"org_ref": "blackhawk-ski"}
LOGIN = {"email": "pat@example.com", "password": "a secret"}


def test_returns_the_checked_result(server: ToolsCallServer, make_toolbox: MakeToolbox) -> None:
    answer = make_toolbox().call(Tool.FIND_PROGRAMS, CLUB, credentials=LOGIN)

    assert answer.data[0]["program_ref"] == "blackhawk-saturday-nordic"
    assert (answer.source, answer.degraded, answer.fallback_reason) == ("mcp", False, None)
    assert (answer.attempts, answer.elapsed_ms >= 0) == (1, True)
    assert server.calls[0].args == CLUB | {"credentials": LOGIN}


def test_sends_our_token_and_takes_nothing_from_the_environment(
    server: ToolsCallServer, make_toolbox: MakeToolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    make_toolbox().call(Tool.SEARCH_PROVIDER, {"query": "ski"})

    headers = server.calls[0].headers
    assert headers["Authorization"] == f"Bearer {server.token}"
    assert headers["Content-Type"] == "application/json"
    assert headers["Accept-Encoding"] == "identity"
    assert "Idempotency-Key" not in headers


def test_leaves_the_login_out_where_there_is_none(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    make_toolbox().call(Tool.FIND_PROGRAMS, CLUB)

    assert server.calls[0].args == CLUB


def test_keeps_no_cookies(server: ToolsCallServer, make_toolbox: MakeToolbox) -> None:
    toolbox = make_toolbox()
    headers = {"Set-Cookie": "track=me"}
    server.script(PROGRAMS, Script(headers=headers))

    for _ in range(2):
        toolbox.call(Tool.FIND_PROGRAMS, CLUB)

    assert [call.headers.get("Cookie") for call in server.calls] == [None, None]


def test_reuses_one_connection_for_reads(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    toolbox = make_toolbox()

    for _ in range(3):
        toolbox.call(Tool.FIND_PROGRAMS, CLUB)

    assert server.connections == 1


def test_reads_on_after_the_server_closed_the_connection(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    toolbox = make_toolbox(max_retries=0)
    server.script(PROGRAMS, Script(headers={"Connection": "close"}), times=1)

    for _ in range(2):
        assert toolbox.call(Tool.FIND_PROGRAMS, CLUB).source == "mcp"


def test_passes_an_error_of_its_service_token_on_as_ours(make_toolbox: MakeToolbox) -> None:
    with pytest.raises(ToolAuthError) as caught:
        make_toolbox(token="not-the-token", fallback=True).call(Tool.FIND_PROGRAMS, CLUB)

    assert caught.value.code == "mcp_auth_failed"


@pytest.mark.parametrize("status", [200, 400, 401, 403, 409, 422, 429, 500, 503])
def test_hears_a_refusal_under_any_status(
    server: ToolsCallServer, make_toolbox: MakeToolbox, status: int
) -> None:
    server.script(PROGRAMS, Script(status=status, refuse="login_failed"))

    with pytest.raises(ToolRefusedError) as caught:
        make_toolbox(max_retries=3).call(Tool.FIND_PROGRAMS, CLUB)

    assert (caught.value.code, caught.value.is_known) == ("login_failed", True)
    assert caught.value.message == "the provider's own words"
    assert caught.value.attempts == 1


def test_hears_a_refusal_it_has_no_sentence_for(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    server.script(PROGRAMS, Script(status=422, refuse="too_young"))

    with pytest.raises(ToolRefusedError) as caught:
        make_toolbox().call(Tool.FIND_PROGRAMS, CLUB)

    assert (caught.value.code, caught.value.is_known) == ("too_young", False)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (Script(status=500, refuse="internal_error"), ToolUnavailableError),
        (Script(status=500), ToolUnavailableError),
        (Script(status=503, body=b"<html>"), ToolUnavailableError),
        (Script(status=429), ToolUnavailableError),
        (Script(status=403, refuse="forbidden"), ToolAuthError),
        (Script(status=400), ToolFailedError),
        (Script(status=404, refuse="unknown_tool"), ToolMissingError),
        (Script(status=404), ToolFailedError),
        (Script(status=200, body=b'{"success": false}'), ToolFailedError),
        (Script(status=200, body=b'{"error": "a text"}'), ToolFailedError),
        (Script(status=200, body=b'{"error": {"code": "Not A Code"}}'), ToolFailedError),
        (Script(status=202, body=b'{"programs": []}'), ToolBadResponseError),
        (Script(status=204, body=b""), ToolBadResponseError),
        (
            Script(status=307, headers={"Location": "http://127.0.0.1:1/"}),
            ToolBadResponseError,
        ),
        (Script(status=200, body=b""), ToolBadResponseError),
        (Script(status=200, body=b"[]"), ToolBadResponseError),
        (Script(status=200, body=b'{"programs": NaN}'), ToolBadResponseError),
        (Script(status=200, body=b'{"programs": [], "programs": []}'), ToolBadResponseError),
        (Script(status=200, body=b"[" * 100_000), ToolBadResponseError),
        (Script(status=200, body=b'{"programs": "\xff"}'), ToolBadResponseError),
        (Script(status=200, body=b'{"programs": [{}]}'), ToolBadResponseError),
        (
            Script(status=200, body=b'{"programs": []}', headers={"Content-Type": "text/html"}),
            ToolBadResponseError,
        ),
        (
            Script(status=200, body=b'{"programs": []}', headers={"Content-Encoding": "gzip"}),
            ToolBadResponseError,
        ),
        (
            Script(status=200, body=b'{"programs": []}' + b" " * 4 * 1024 * 1024),
            ToolBadResponseError,
        ),
    ],
)
def test_tells_the_kinds_of_trouble_apart(
    server: ToolsCallServer, make_toolbox: MakeToolbox, script: Script, kind: type[ToolError]
) -> None:
    server.script(PROGRAMS, script)

    with pytest.raises(ToolError) as caught:
        make_toolbox().call(Tool.FIND_PROGRAMS, CLUB)

    assert type(caught.value) is kind
    assert server.count(PROGRAMS) == 1


def test_recovers_on_the_same_toolbox_after_trouble(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    toolbox = make_toolbox()
    for script in (Script(cut=True), Script(status=500), Script(status=200, body=b"x" * 5_000_000)):
        server.script(PROGRAMS, script, times=1)
        with pytest.raises(ToolError):
            toolbox.call(Tool.FIND_PROGRAMS, CLUB)

    assert toolbox.call(Tool.FIND_PROGRAMS, CLUB).source == "mcp"


def test_knows_a_missing_tool_from_the_servers_list(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    server.hidden.add(PROGRAMS)

    with pytest.raises(ToolMissingError):
        make_toolbox().call(Tool.FIND_PROGRAMS, CLUB)

    assert server.lists == 1


def test_lists_the_tools_and_their_arguments(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    tools = make_toolbox().list_tools()

    assert "idempotency_key" in tools["scp.submit_registration"]
    assert "scp.get_registration" not in tools
    server.looks_up = True
    assert make_toolbox().list_tools()["scp.get_registration"] == {"idempotency_key"}


def test_does_not_send_a_request_beyond_the_limit(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    with pytest.raises(ToolFailedError) as caught:
        make_toolbox().call(Tool.SEARCH_PROVIDER, {"query": "x" * 300_000})

    assert not caught.value.maybe_sent
    assert server.calls == []


@pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/"])
def test_appends_to_the_configured_path(path: str) -> None:
    seen: dict[str, Any] = {}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}{path}"

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                seen["line"] = connection.recv(65536).split(b"\r\n")[0]
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        waiter = threading.Thread(target=answer)
        waiter.start()
        transport = Transport(url, "")
        transport.exchange("GET", "/tools", effort=Effort(seconds=5, retries=0))
        transport.close()
        waiter.join()

    assert seen["line"] == f"GET {path.rstrip('/')}/tools HTTP/1.1".encode()


@pytest.mark.parametrize("token", ["two\r\nlines", "with space", "ümlaut"])
def test_refuses_a_token_that_no_header_can_carry(token: str) -> None:
    with pytest.raises(ValueError, match="MCP_ACCESS_TOKEN") as caught:
        Transport("http://127.0.0.1:1", token)

    assert token not in str(caught.value)
