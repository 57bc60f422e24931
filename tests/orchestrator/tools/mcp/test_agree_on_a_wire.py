"""Agreeing with a server on a wire…"""

import json
from collections.abc import Callable

import pytest

from orchestrator.tools.errors import (
    ToolAuthError,
    ToolError,
    ToolFailedError,
    ToolTimeoutError,
    ToolUnavailableError,
    ToolVersionUnsupportedError,
)
from tests.orchestrator.tools.mcp.conftest import Connect
from tests.servers.scripted_mcp import PROVIDERS, STATELESS, It, ScriptedMcp
from tests.servers.tools_call_server import ToolsCallServer

pytestmark = pytest.mark.once

Script = Callable[[It], None]


def wires_used(server: ScriptedMcp) -> list[str]:
    return [
        "stateless" if one.headers.get("MCP-Protocol-Version") == STATELESS else "handshake"
        for one in server.all("tools/call")
    ]


@pytest.fixture
def bare() -> ToolsCallServer:
    return ToolsCallServer()


@pytest.mark.parametrize("setting", ["auto", "streamable-http"])
def test_prefers_the_newest(connect: Connect, setting: str) -> None:
    with ScriptedMcp() as server:
        client = connect(server, setting)
        client.search()
        client.search()

        assert wires_used(server) == ["stateless", "stateless"]
        assert server.asked("server/discover") == 1
        assert not server.asked("initialize")


@pytest.mark.parametrize(
    "refusal",
    [
        lambda it: it.json(it.error(-32600) | {"id": "server-error"}, 400),
        lambda it: it.json(it.error(-32000) | {"id": None}, 400),
        lambda it: it.json(it.error(-32601)),
        lambda it: it.json(it.error(-32601), 404),
        lambda it: it.json(it.error(-32022, data={"supported": ["2025-11-25"]}), 400),
        lambda it: it.json(it.result(anything="goes")),
        lambda it: it.json(it.result(supportedVersions=["2025-11-25"])),
        lambda it: it.raw(b"", 400),
        lambda it: it.raw(b"<html>", 406),
        lambda it: it.raw(b"", 404),
        lambda it: it.raw(b"<html>", 200, Content_Type="text/html"),
        lambda it: it.raw(b"", 401),
        lambda it: it.raw(b"", 403),
    ],
)
def test_shakes_hands_with_a_server_that_does_not_know_the_new_era(
    connect: Connect, handshake: ScriptedMcp, refusal: Script
) -> None:
    handshake.script("server/discover", refusal)

    assert connect(handshake, "auto").search() == PROVIDERS
    assert wires_used(handshake) == ["handshake"]


@pytest.mark.parametrize("number", [-32020, -32021])
def test_knows_the_new_era_by_its_errors(
    connect: Connect, stateless: ScriptedMcp, number: int
) -> None:
    stateless.script("server/discover", lambda it: it.json(it.error(number), 400))

    assert connect(stateless).search() == PROVIDERS


@pytest.mark.parametrize("status", [500, 502, 503, 429])
@pytest.mark.parametrize("deed", ["search", "submit"])
def test_takes_no_outage_for_a_verdict(
    connect: Connect, stateless: ScriptedMcp, status: int, deed: str
) -> None:
    stateless.script("server/discover", lambda it: it.raw(b"", status))
    client = connect(stateless, "auto")

    with pytest.raises(ToolUnavailableError) as caught:
        getattr(client, deed)(retries=0)

    assert not caught.value.maybe_sent
    assert not stateless.asked("initialize")
    assert client.search() == PROVIDERS


def test_takes_no_silence_for_a_verdict(connect: Connect, stateless: ScriptedMcp) -> None:
    stateless.script("server/discover", It.say_nothing)
    client = connect(stateless, "auto")

    with pytest.raises(ToolTimeoutError) as caught:
        client.submit(seconds=0.5)

    assert not caught.value.maybe_sent
    assert not stateless.asked("initialize")
    assert client.search() == PROVIDERS


def test_asks_again_after_an_outage_within_the_same_call(
    connect: Connect, stateless: ScriptedMcp, no_waiting: list[float]
) -> None:
    stateless.script("server/discover", lambda it: it.raw(b"", 503), lambda it: it.break_off())

    assert connect(stateless).submit() == PROVIDERS
    assert stateless.asked("tools/call") == 1


@pytest.mark.parametrize("setting", ["auto", "streamable-http"])
def test_says_so_where_the_token_is_not_accepted(
    connect: Connect, handshake: ScriptedMcp, setting: str
) -> None:
    with pytest.raises(ToolAuthError) as caught:
        connect(handshake, setting, token="another").submit()

    assert not caught.value.maybe_sent
    assert [one.method for one in handshake.seen] == ["server/discover", "initialize"]


def test_names_the_place_where_the_server_says_more_about_tokens(
    connect: Connect, handshake: ScriptedMcp, caplog: pytest.LogCaptureFixture
) -> None:
    told = 'Bearer error="invalid_token", resource_metadata="https://as.example/about"'
    handshake.script("initialize", lambda it: it.raw(b"", 401, WWW_Authenticate=told))

    with pytest.raises(ToolAuthError):
        connect(handshake).search()

    assert "https://as.example/about" in caplog.text


def test_falls_to_the_bare_wire_where_nobody_speaks_mcp(
    connect: Connect, bare: ToolsCallServer
) -> None:
    with bare:
        client = connect(bare.url, "auto")
        assert client.search()["providers"]
        assert client.search()["providers"]
        assert "scp.get_programs" in client.list_tools()
        assert bare.count("scp.search_providers") == 2


@pytest.mark.parametrize("status", [404, 405])
def test_wants_to_hear_it_twice(connect: Connect, handshake: ScriptedMcp, status: int) -> None:
    handshake.script("server/discover", lambda it: it.raw(b"", status))
    handshake.script("initialize", lambda it: it.raw(b"", status))

    with pytest.raises(ToolVersionUnsupportedError):
        connect(handshake, "streamable-http").search()


@pytest.mark.parametrize(
    "refusal", [lambda it: it.raw(b"", 400), lambda it: it.json(it.error(-32601), 404)]
)
def test_needs_a_clear_word_before_it_tries_the_bare_wire(
    connect: Connect, handshake: ScriptedMcp, refusal: Script
) -> None:
    handshake.script("server/discover", refusal)
    handshake.script("initialize", refusal)

    with pytest.raises(ToolError):
        connect(handshake, "auto").search()

    assert {one.method for one in handshake.seen} == {"server/discover", "initialize"}


def test_goes_to_the_bare_wire_alone_where_it_is_told_to(
    connect: Connect, stateless: ScriptedMcp
) -> None:
    with pytest.raises(ToolFailedError):
        connect(stateless.origin, "tools-call").search()

    assert not stateless.asked("server/discover")


@pytest.mark.parametrize("eras", [("stateless", "handshake"), ("handshake", "stateless")])
def test_notices_when_the_server_was_replaced(connect: Connect, eras: tuple[str, str]) -> None:
    with ScriptedMcp(eras={eras[0]}) as server:
        client = connect(server, "auto")
        client.search()
        server.eras = {eras[1]}

        assert client.search() == PROVIDERS
        assert client.search() == PROVIDERS

        assert wires_used(server).count(eras[1]) == 2
        assert server.asked("server/discover") == 2


@pytest.mark.parametrize("eras", [("stateless", "handshake"), ("handshake", "stateless")])
def test_submits_nothing_twice_on_its_way_to_another_wire(
    connect: Connect, eras: tuple[str, str]
) -> None:
    with ScriptedMcp(eras={eras[0]}) as server:
        client = connect(server, "auto")
        client.list_tools()
        server.eras = {eras[1]}

        with pytest.raises(ToolVersionUnsupportedError) as caught:
            client.submit()

        assert not caught.value.maybe_sent
        assert server.asked("tools/call") == 1
        assert client.submit() == PROVIDERS


@pytest.mark.parametrize(("status", "maybe_sent"), [(404, True), (405, False), (400, False)])
def test_leaves_the_outcome_open_where_the_endpoint_is_suddenly_gone(
    connect: Connect, stateless: ScriptedMcp, status: int, maybe_sent: bool
) -> None:
    client = connect(stateless, "auto")
    client.list_tools()
    stateless.script("tools/call", lambda it: it.raw(b"", status))

    with pytest.raises(ToolVersionUnsupportedError) as caught:
        client.submit()

    assert caught.value.maybe_sent is maybe_sent
    assert stateless.asked("tools/call") == 1


def test_notices_when_the_bare_server_is_gone(connect: Connect, bare: ToolsCallServer) -> None:
    with bare:
        client = connect(bare.url, "auto")
        client.search()
    client.transport.close()
    port = int(bare.url.rpartition(":")[2])
    with ScriptedMcp(port=port) as server:
        with pytest.raises(ToolFailedError):
            client.search()

        assert client.search() == PROVIDERS
        assert wires_used(server) == ["stateless"]


@pytest.mark.parametrize(
    ("configured", "asked"),
    [("", "/mcp"), ("/", "/mcp"), ("/mcp", "/mcp"), ("/v1/tools", "/v1/tools")],
)
def test_finds_the_endpoint(connect: Connect, configured: str, asked: str) -> None:
    with ScriptedMcp(path=asked) as server:
        assert connect(server.origin + configured).search() == PROVIDERS


def test_follows_a_server_to_its_endpoint_and_nowhere_else(
    connect: Connect, stateless: ScriptedMcp
) -> None:
    with ScriptedMcp() as elsewhere:
        client = connect(stateless)
        client.list_tools()
        moved = f"{elsewhere.origin}/mcp"
        stateless.script("tools/call", lambda it: it.raw(b"", 307, Location="/mcp"))
        assert client.search() == PROVIDERS
        stateless.script("tools/call", lambda it: it.raw(b"", 307, Location=moved))
        with pytest.raises(ToolError, match="mcp_bad_response"):
            client.search()

        assert elsewhere.seen == []


def test_sends_the_token_and_nothing_from_the_environment(
    connect: Connect,
    either: ScriptedMcp,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / ".netrc").write_text("machine 127.0.0.1 login canary password canary\n")
    monkeypatch.setenv("NETRC", str(home / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    connect(either).search()

    assert {one.headers["Authorization"] for one in either.seen} == {"Bearer a-test-token"}
    assert "canary" not in json.dumps([dict(one.headers) for one in either.seen])
