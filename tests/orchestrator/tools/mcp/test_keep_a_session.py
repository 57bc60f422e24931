"""Keeping an MCP session, as the handshake era wants it…"""

import threading

import pytest

from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolSessionLostError,
    ToolTimeoutError,
    ToolUnavailableError,
    ToolVersionUnsupportedError,
)
from tests.orchestrator.tools.mcp.conftest import Connect
from tests.servers.scripted_mcp import PROVIDERS, It, ScriptedMcp

pytestmark = pytest.mark.once

SESSION, VERSION = "Mcp-Session-Id", "MCP-Protocol-Version"


def not_found(it: It) -> None:
    it.raw(status=404)


def test_begins_with_a_handshake_and_shows_its_session_from_then_on(
    connect: Connect, handshake: ScriptedMcp
) -> None:
    client = connect(handshake)

    assert client.search() == PROVIDERS
    assert client.search() == PROVIDERS

    methods = [one.method for one in handshake.seen]
    assert methods == [
        "server/discover",
        "initialize",
        "notifications/initialized",
        "tools/list",
        "tools/call",
        "tools/call",
    ]
    hello = handshake.last("initialize")
    assert hello.params["protocolVersion"] == "2025-11-25"
    assert hello.params["capabilities"] == {}
    assert (SESSION in hello.headers, VERSION in hello.headers) == (False, False)
    assert len(handshake.sessions or ()) == 1
    assert {one.headers[SESSION] for one in handshake.seen[2:]} == handshake.sessions
    assert {one.headers[VERSION] for one in handshake.seen[2:]} == {"2025-11-25"}
    assert client.effort.attempts == 1


@pytest.mark.parametrize("version", ["2025-06-18", "2025-03-26"])
def test_accepts_an_older_revision(connect: Connect, handshake: ScriptedMcp, version: str) -> None:
    handshake.version = version

    assert connect(handshake).search() == PROVIDERS
    told = handshake.last("tools/call").headers.get(VERSION)
    assert told == (None if version == "2025-03-26" else version)


@pytest.mark.parametrize("version", ["2024-11-05", "2026-07-28", "", "1"])
def test_is_not_begun_in_a_revision_it_does_not_know(
    connect: Connect, handshake: ScriptedMcp, version: str
) -> None:
    handshake.version = version

    with pytest.raises(ToolVersionUnsupportedError):
        connect(handshake).search()

    assert not handshake.asked("tools/call")


def test_works_without_one(connect: Connect, handshake: ScriptedMcp) -> None:
    handshake.sessions = None

    assert connect(handshake).search() == PROVIDERS
    assert SESSION not in handshake.last("tools/call").headers


@pytest.mark.parametrize("name", ["two words", "caf\xe9", "x" * 2_000])
def test_takes_no_name_that_a_header_should_not_carry(
    connect: Connect, handshake: ScriptedMcp, name: str
) -> None:
    handshake.script(
        "initialize",
        lambda it: it.json(it.result(protocolVersion="2025-11-25"), Mcp_Session_Id=name),
    )

    with pytest.raises(ToolBadResponseError):
        connect(handshake).search()


def test_takes_a_name_from_nothing_but_a_successful_handshake(
    connect: Connect, handshake: ScriptedMcp
) -> None:
    handshake.script(
        "server/discover", lambda it: it.json(it.error(-32600), 400, Mcp_Session_Id="trap")
    )
    handshake.script(
        "tools/list", lambda it: it.json(it.result(tools=handshake.tools), Mcp_Session_Id="trap")
    )

    connect(handshake).search()

    assert "trap" not in {one.headers.get(SESSION) for one in handshake.seen}


@pytest.mark.parametrize("deed", ["search", "submit"])
def test_renews_a_lost_session_and_sends_once_more(
    connect: Connect, handshake: ScriptedMcp, deed: str
) -> None:
    client = connect(handshake)
    client.search()
    assert handshake.sessions
    handshake.sessions.clear()
    handshake.seen.clear()

    assert getattr(client, deed)() == PROVIDERS

    methods = [one.method for one in handshake.seen]
    assert methods == ["tools/call", "initialize", "notifications/initialized", "tools/call"]
    ids = {one.message["id"] for one in handshake.all("tools/call")}
    assert len(ids) == 2
    assert client.effort.attempts == 2


@pytest.mark.parametrize("deed", ["search", "submit"])
def test_gives_up_when_the_new_session_is_lost_as_well(
    connect: Connect, handshake: ScriptedMcp, deed: str
) -> None:
    client = connect(handshake)
    client.list_tools()
    handshake.script("tools/call", not_found, not_found)

    with pytest.raises(ToolSessionLostError) as caught:
        getattr(client, deed)(retries=3)

    assert not caught.value.maybe_sent
    assert handshake.asked("tools/call") == 2
    assert client.search() == PROVIDERS


def test_renews_it_once_for_all_threads(connect: Connect, handshake: ScriptedMcp) -> None:
    client = connect(handshake)
    client.search()
    assert handshake.sessions
    handshake.sessions.clear()
    together = threading.Barrier(6)
    answers = []

    def search() -> None:
        together.wait()
        answers.append(client.search())

    threads = [threading.Thread(target=search) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [PROVIDERS] * 6
    assert handshake.asked("initialize") == 2


def test_waits_for_another_threads_handshake_within_its_own_deadline(
    connect: Connect, handshake: ScriptedMcp
) -> None:
    client = connect(handshake)
    client.search()
    assert handshake.sessions
    handshake.sessions.clear()
    handshake.script("initialize", It.say_nothing)

    def search_for_long() -> None:
        with pytest.raises(ToolTimeoutError):
            client.search(seconds=2)

    slow = threading.Thread(target=search_for_long)
    slow.start()
    while handshake.asked("initialize") < 2:
        pass

    with pytest.raises(ToolTimeoutError) as caught:
        client.search(seconds=0.3)

    assert not caught.value.maybe_sent
    slow.join()


def test_knows_that_a_submission_has_not_left_before_the_handshake(
    connect: Connect, handshake: ScriptedMcp
) -> None:
    handshake.script("initialize", It.say_nothing)

    with pytest.raises(ToolTimeoutError) as caught:
        connect(handshake).submit(seconds=0.5)

    assert not caught.value.maybe_sent


def test_tries_the_handshake_again_even_for_a_submission(
    connect: Connect, handshake: ScriptedMcp, no_waiting: list[float]
) -> None:
    handshake.script("initialize", lambda it: it.raw(status=503))

    assert connect(handshake).submit() == PROVIDERS
    assert (handshake.asked("initialize"), handshake.asked("tools/call")) == (2, 1)


def test_is_unavailable_where_the_handshake_is(connect: Connect, handshake: ScriptedMcp) -> None:
    handshake.script("initialize", lambda it: it.raw(status=500))

    with pytest.raises(ToolUnavailableError):
        connect(handshake).search()


def test_gives_it_back_at_the_end(connect: Connect, handshake: ScriptedMcp) -> None:
    client = connect(handshake)
    client.search()

    client.server.close()
    client.server.close()

    [goodbye] = handshake.all("DELETE")
    assert {goodbye.headers[SESSION]} == handshake.sessions
    assert client.search() == PROVIDERS


@pytest.mark.parametrize("deed", ["search", "submit"])
def test_tells_the_server_when_nobody_waits_any_more(
    connect: Connect, handshake: ScriptedMcp, deed: str
) -> None:
    client = connect(handshake)
    client.list_tools()
    handshake.script("tools/call", It.say_nothing)

    with pytest.raises(ToolTimeoutError):
        getattr(client, deed)(seconds=0.5)

    cancelled = handshake.last("notifications/cancelled")
    assert cancelled.params["requestId"] == handshake.last("tools/call").message["id"]
    assert cancelled.headers[SESSION] in (handshake.sessions or ())


def test_is_not_held_up_by_saying_so(connect: Connect, handshake: ScriptedMcp) -> None:
    client = connect(handshake)
    client.list_tools()
    handshake.script("tools/call", It.say_nothing)
    handshake.script("notifications/cancelled", It.say_nothing)

    with pytest.raises(ToolTimeoutError):
        client.search(seconds=0.5)

    assert client.effort.left == 0
