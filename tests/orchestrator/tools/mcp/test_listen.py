"""Listening for a reply, among whatever else a server says…"""

import gc
import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from orchestrator.tools.errors import (
    ToolBadResponseError,
    ToolError,
    ToolTimeoutError,
    ToolUnavailableError,
)
from tests.orchestrator.tools.mcp.conftest import Connect
from tests.servers.scripted_mcp import PING, PROGRESS, PROVIDERS, It, ScriptedMcp

pytestmark = pytest.mark.once

STRANGER = {"jsonrpc": "2.0", "id": "not-yours", "result": {"structuredContent": {"canary": 1}}}
ROOTS = {"jsonrpc": "2.0", "id": 7, "method": "roots/list"}


def test_takes_the_reply_from_a_stream(connect: Connect, either: ScriptedMcp) -> None:
    either.script("tools/call", lambda it: it.events(it.event(PROGRESS), it.event(it.result())))

    assert connect(either).search() == PROVIDERS


def test_does_not_wait_for_the_end_of_the_stream(connect: Connect, either: ScriptedMcp) -> None:
    client = connect(either)
    client.list_tools()
    either.script(
        "tools/call",
        lambda it: it.events(it.event(it.result()), then=it.server_of_mcp.stopping.wait),
    )
    start = time.monotonic()

    assert client.search(seconds=15) == PROVIDERS
    assert time.monotonic() - start < 3


def test_ignores_answers_to_questions_it_never_asked(connect: Connect, either: ScriptedMcp) -> None:
    either.script("tools/call", lambda it: it.events(it.event(STRANGER), it.event(it.result())))

    assert connect(either).search() == PROVIDERS


@pytest.mark.parametrize("as_events", [True, False])
@pytest.mark.parametrize("deed", ["search", "submit"])
def test_takes_no_strangers_answer_for_its_own(
    connect: Connect, either: ScriptedMcp, deed: str, as_events: bool
) -> None:
    def answer(it: It) -> None:
        it.events(it.event(STRANGER)) if as_events else it.json(STRANGER)

    either.script("tools/call", answer)

    with pytest.raises(ToolBadResponseError) as caught:
        getattr(connect(either), deed)(retries=3)

    assert caught.value.maybe_sent
    assert either.asked("tools/call") == 1


@pytest.mark.parametrize("number", [None, "server-error", 0, True])
def test_matches_the_id_exactly(connect: Connect, either: ScriptedMcp, number: object) -> None:
    either.script("tools/call", lambda it: it.json(it.result() | {"id": number}))

    with pytest.raises(ToolBadResponseError):
        connect(either).search()


def test_answers_a_ping_and_declines_everything_else(
    connect: Connect, handshake: ScriptedMcp
) -> None:
    answered = threading.Event()

    def ask_and_wait(it: It) -> None:
        questions = [it.event(PING), it.event(ROOTS)]
        it.events(*questions, then=lambda: answered.wait(30), last=it.event(it.result()))

    def hear(it: It) -> None:
        it.raw(status=202)
        if handshake.asked("answer") == 2:
            answered.set()

    handshake.script("tools/call", ask_and_wait)
    handshake.script("answer", hear, hear)
    client = connect(handshake)

    assert client.search() == PROVIDERS

    pong, no = handshake.all("answer")
    assert pong.message == {"jsonrpc": "2.0", "id": "server-1", "result": {}}
    assert (no.message["id"], no.message["error"]["code"]) == (7, -32601)
    assert pong.headers["Mcp-Session-Id"] in (handshake.sessions or ())
    assert client.effort.attempts == 1


def test_answers_no_more_than_twenty_questions(connect: Connect, handshake: ScriptedMcp) -> None:
    handshake.script(
        "tools/call", lambda it: it.events(*[it.event(PING)] * 50, it.event(it.result()))
    )

    assert connect(handshake).search() == PROVIDERS
    assert handshake.asked("answer") == 20


def test_is_not_put_off_by_a_server_that_hears_no_answers(
    connect: Connect, handshake: ScriptedMcp
) -> None:
    handshake.script("answer", lambda it: it.raw(status=500))
    handshake.script("tools/call", lambda it: it.events(it.event(PING), it.event(it.result())))
    client = connect(handshake)

    assert client.search() == PROVIDERS
    assert client.effort.attempts == 1


def test_answers_nobody_in_the_stateless_era(connect: Connect, stateless: ScriptedMcp) -> None:
    stateless.script("tools/call", lambda it: it.events(it.event(PING), it.event(it.result())))

    assert connect(stateless).search() == PROVIDERS
    assert not stateless.asked("answer")


@pytest.mark.parametrize("as_events", [True, False])
def test_takes_a_batch_from_the_one_revision_that_has_them(
    connect: Connect, handshake: ScriptedMcp, as_events: bool
) -> None:
    def answer(it: It) -> None:
        batch = [PROGRESS, STRANGER, it.result(), PING]
        it.events(it.event(batch)) if as_events else it.json(batch)

    handshake.version = "2025-03-26"
    handshake.script("tools/call", answer)

    assert connect(handshake).search() == PROVIDERS
    assert handshake.asked("answer") == 1


def test_takes_no_batch_from_another(connect: Connect, either: ScriptedMcp) -> None:
    either.script("tools/call", lambda it: it.json([it.result()]))

    with pytest.raises(ToolBadResponseError):
        connect(either).search()


def resumable(it: It) -> None:
    it.events(it.event(id="e-1", retry=50))


def test_resumes_a_stream_where_it_ended(connect: Connect, handshake: ScriptedMcp) -> None:
    client = connect(handshake)

    def rest(it: It) -> None:
        question = handshake.last("tools/call").message
        it.events(
            it.event({"jsonrpc": "2.0", "id": question["id"], "result": it.result()["result"]})
        )

    handshake.script("tools/call", lambda it: it.break_off(it.event(id="e-1", retry=300)))
    handshake.script("GET", lambda it: it.events(it.event(PROGRESS, id="e-2")), rest)
    start = time.monotonic()

    assert client.submit() == PROVIDERS

    assert time.monotonic() - start > 0.6
    first, second = handshake.all("GET")
    assert first.headers["Last-Event-ID"] == "e-1"
    assert second.headers["Last-Event-ID"] == "e-2"
    assert first.headers["Accept"] == "text/event-stream"
    assert first.headers["Mcp-Session-Id"] in (handshake.sessions or ())
    assert handshake.asked("tools/call") == 1


@pytest.mark.parametrize(
    "rest",
    [
        lambda it: it.raw(status=405),
        lambda it: it.raw(status=404),
        lambda it: it.json({}),
        lambda it: it.raw(status=500),
    ],
)
def test_does_not_insist_on_a_stream_that_cannot_be_resumed(
    connect: Connect, handshake: ScriptedMcp, rest: Callable[[It], None]
) -> None:
    handshake.script("tools/call", resumable)
    handshake.script("GET", rest)

    with pytest.raises(ToolUnavailableError) as caught:
        connect(handshake).submit()

    assert caught.value.maybe_sent
    assert (handshake.asked("GET"), handshake.asked("tools/call")) == (1, 1)


def test_resumes_three_times_at_most(connect: Connect, handshake: ScriptedMcp) -> None:
    handshake.script("tools/call", resumable)
    handshake.script("GET", *[lambda it: it.break_off(it.event(PROGRESS))] * 9)

    with pytest.raises(ToolUnavailableError):
        connect(handshake).search()

    assert handshake.asked("GET") == 3


def test_leaves_the_outcome_open_when_the_time_runs_out_over_a_resumption(
    connect: Connect, handshake: ScriptedMcp
) -> None:
    client = connect(handshake)
    client.list_tools()
    handshake.script("tools/call", resumable)
    handshake.script("GET", It.say_nothing)

    with pytest.raises(ToolTimeoutError) as caught:
        client.submit(seconds=0.6)

    assert caught.value.maybe_sent
    assert handshake.asked("notifications/cancelled") == 1


@pytest.mark.parametrize("retry", [60_000, 999_999_999])
def test_does_not_wait_longer_than_it_may(
    connect: Connect, handshake: ScriptedMcp, retry: int
) -> None:
    handshake.script("tools/call", lambda it: it.events(it.event(id="e-1", retry=retry)))

    with pytest.raises(ToolUnavailableError):
        connect(handshake).search(seconds=5)

    assert not handshake.asked("GET")


@pytest.mark.parametrize("deed", ["search", "submit"])
def test_asks_anew_where_the_stream_broke_and_only_for_a_read(
    connect: Connect, either: ScriptedMcp, no_waiting: list[float], deed: str
) -> None:
    either.script("tools/call", lambda it: it.break_off(it.event(PROGRESS)))
    client = connect(either)

    if deed == "search":
        assert client.search(retries=1) == PROVIDERS
        assert len({one.message["id"] for one in either.all("tools/call")}) == 2
        assert client.effort.attempts == 2
    else:
        with pytest.raises(ToolUnavailableError) as caught:
            client.submit(retries=1)
        assert caught.value.maybe_sent
        assert either.asked("tools/call") == 1


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Keep the collector away: what it would end in the depth of a nested answer has no stack left."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    "answer",
    [
        lambda it: it.raw(status=202),
        lambda it: it.raw(status=204),
        lambda it: it.raw(b"<html>", Content_Type="text/html"),
        lambda it: it.raw(b"not json", Content_Type="application/json"),
        lambda it: it.raw(b"[" * 100_000, Content_Type="application/json"),
        lambda it: it.json("a text"),
        lambda it: it.json({}),
        lambda it: it.json({"id": it.message["id"], "result": {}}),
        lambda it: it.json({"jsonrpc": "2.0", "id": it.message["id"], "result": []}),
        lambda it: it.json({"jsonrpc": "2.0", "id": it.message["id"], "error": "canary"}),
        lambda it: it.json(PROGRESS),
        lambda it: it.json(it.result(), 202),
        lambda it: it.events(b"data: not json\n\n"),
        lambda it: it.events(b"data: \xff\n\n"),
        lambda it: it.events(b": x\n" * 400_000),
        lambda it: it.events(b"\n" * 10_001, it.event(it.result())),
        lambda it: it.json(it.result(content=["x" * 5_000_000])),
        lambda it: it.json(it.result(), Content_Encoding="gzip"),
        lambda it: it.raw(status=302, Location="http://127.0.0.1:1/"),
    ],
)
@pytest.mark.parametrize("deed", ["search", "submit"])
def test_calls_anything_else_a_bad_response(
    connect: Connect, either: ScriptedMcp, deed: str, answer: Callable[[It], None]
) -> None:
    either.script("tools/call", answer)

    with pytest.raises(ToolBadResponseError) as caught:
        getattr(connect(either), deed)(retries=3)

    assert caught.value.maybe_sent
    assert either.asked("tools/call") == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda it: it.json(it.error(-32603)),
        lambda it: it.json(it.error(-32602), 400),
        lambda it: it.json(it.error(-32601) | {"id": None}, 404),
        lambda it: it.raw(b"canary-of-the-server", 400),
        lambda it: it.raw(b"canary-of-the-server", 500),
        lambda it: it.events(b"data: canary-of-the-server\n\n"),
        lambda it: it.break_off(b"data: canary-of-the-server"),
        lambda it: it.json(STRANGER),
        lambda it: it.json(it.result(isError=True, content=[{"type": "text", "text": "canary"}])),
    ],
)
@pytest.mark.parametrize("deed", ["search", "submit"])
def test_repeats_nothing_that_the_server_said(
    connect: Connect,
    either: ScriptedMcp,
    caplog: pytest.LogCaptureFixture,
    deed: str,
    answer: Callable[[It], None],
) -> None:
    caplog.set_level("DEBUG")
    either.script("tools/call", answer, answer)

    with pytest.raises(ToolError) as caught:
        getattr(connect(either), deed)()

    chain: BaseException | None = caught.value
    while chain is not None:
        assert "canary" not in f"{chain!r}{chain.args}{json.dumps(vars(chain), default=str)}"
        chain = chain.__context__
    assert "canary" not in caplog.text
