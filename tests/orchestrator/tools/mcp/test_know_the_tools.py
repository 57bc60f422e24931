"""Knowing a server's tools…"""

from typing import Any

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolBadResponseError, ToolError, ToolMissingError
from orchestrator.tools.mcp.effort import Effort
from tests.orchestrator.tools.mcp.conftest import KEY, Connect
from tests.servers.scripted_mcp import PROVIDERS, TOOLS, It, ScriptedMcp

pytestmark = pytest.mark.once

SEARCH, SUBMIT = TOOLS


def page(*tools: object, cursor: object = None, **more: Any) -> Any:
    def answer(it: It) -> None:
        following = {} if cursor is None else {"nextCursor": cursor}
        it.json(it.result(tools=list(tools), **following, **more))

    return answer


def forget_time(monkeypatch: pytest.MonkeyPatch, *moments: float) -> None:
    times = iter(moments)
    now = [0.0]

    def monotonic() -> float:
        now[0] = next(times, now[0])
        return now[0]

    monkeypatch.setattr("orchestrator.tools.mcp.streamable.monotonic", monotonic)


def test_reads_every_page(connect: Connect, either: ScriptedMcp) -> None:
    either.script(
        "tools/list", page(SEARCH, cursor="a b/ü"), page(cursor="2"), page(SUBMIT, cursor="")
    )

    assert connect(either).list_tools() == {
        "scp.search_providers": {"query"},
        "scp.submit_registration": {"idempotency_key"},
    }
    cursors = [one.params.get("cursor") for one in either.all("tools/list")]
    assert cursors == [None, "a b/ü", "2"]


@pytest.mark.parametrize(
    "pages",
    [
        [page(SEARCH, cursor="1"), page(SEARCH, cursor="1")],
        [page(SEARCH, cursor="1"), page(cursor="2"), page(cursor="1")],
        [page(SEARCH, cursor=str(number)) for number in range(200)],
        [page(SEARCH, cursor=7)],
        [lambda it: it.json(it.result(tools="none"))],
        [lambda it: it.json(it.result(nothing="here"))],
    ],
)
def test_stops_where_the_pages_lead_nowhere(
    connect: Connect, either: ScriptedMcp, pages: list[Any]
) -> None:
    either.script("tools/list", *pages)

    with pytest.raises(ToolBadResponseError) as caught:
        connect(either).submit()

    assert not caught.value.maybe_sent
    assert either.asked("tools/list") <= 100
    assert not either.asked("tools/call")


def test_leaves_out_what_is_no_tool(connect: Connect, either: ScriptedMcp) -> None:
    odd = [None, "x", {}, {"name": 1}, {"name": ""}, {"name": "a", "inputSchema": "none"}]
    either.script("tools/list", page(*odd, SEARCH, {"name": "bare"}))

    assert connect(either).list_tools() == {"scp.search_providers": {"query"}, "bare": set()}


def test_asks_once_for_many_calls(connect: Connect, either: ScriptedMcp) -> None:
    client = connect(either)
    for _ in range(3):
        client.search()
    client.list_tools()

    assert either.asked("tools/list") == 1


@pytest.mark.parametrize(
    ("ttl", "later", "lists", "for_a_call"),
    [
        (None, 299, 1, 1),
        (None, 301, 2, 2),
        (1_000, 0.9, 1, 1),
        (1_000, 1.1, 2, 1),
        (0, 1, 2, 1),
        (0, 301, 2, 2),
        (10_000_000, 3_599, 1, 1),
        (10_000_000, 3_601, 2, 2),
        (-1, 301, 2, 2),
        ("soon", 301, 2, 2),
        (True, 301, 2, 2),
    ],
)
def test_asks_again_when_the_time_is_up(
    connect: Connect,
    either: ScriptedMcp,
    monkeypatch: pytest.MonkeyPatch,
    ttl: object,
    later: float,
    lists: int,
    for_a_call: int,
) -> None:
    either.listing = {} if ttl is None else {"ttlMs": ttl}
    client = connect(either)
    forget_time(monkeypatch, 1_000, 1_000 + later)
    client.list_tools()

    client.search()
    assert either.asked("tools/list") == for_a_call
    if for_a_call == 1:
        client.list_tools()
        assert either.asked("tools/list") == lists


def test_goes_by_the_newest_list_where_it_cannot_be_corrected(
    connect: Connect, either: ScriptedMcp
) -> None:
    either.listing = {"ttlMs": 0}
    client = connect(either)
    client.list_tools()

    client.submit()

    assert [one.method for one in either.seen][-2:] == ["tools/list", "tools/call"]


def test_asks_again_before_it_calls_a_tool_missing(connect: Connect, either: ScriptedMcp) -> None:
    client = connect(either)
    either.tools = [SUBMIT]
    client.list_tools()
    either.tools = [SEARCH, SUBMIT]

    assert client.search() == PROVIDERS
    assert either.asked("tools/list") == 2


@pytest.mark.parametrize("deed", ["search", "submit"])
def test_calls_no_tool_that_is_not_listed(connect: Connect, either: ScriptedMcp, deed: str) -> None:
    either.tools = []

    with pytest.raises(ToolMissingError) as caught:
        getattr(connect(either), deed)()

    assert not caught.value.maybe_sent
    assert not either.asked("tools/call")


@pytest.mark.parametrize(
    "refusal",
    [
        lambda it: it.json(it.error(-32602)),
        lambda it: it.json(it.error(-32602), 400),
        lambda it: it.json(it.error(-32601), 404),
        lambda it: it.json(
            it.result(isError=True, content=[{"type": "text", "text": "Unknown tool: x"}])
        ),
    ],
)
@pytest.mark.parametrize("deed", ["search", "submit"])
def test_notices_when_a_tool_is_gone(
    connect: Connect, stateless: ScriptedMcp, deed: str, refusal: Any
) -> None:
    client = connect(stateless)
    client.list_tools()
    stateless.tools = []
    stateless.script("tools/call", refusal)

    with pytest.raises(ToolMissingError) as caught:
        getattr(client, deed)()

    assert not caught.value.maybe_sent
    assert stateless.asked("tools/call") == 1


@pytest.mark.parametrize("number", [-32602, -32601])
def test_does_not_call_a_tool_missing_that_is_there(
    connect: Connect, either: ScriptedMcp, number: int
) -> None:
    either.script("tools/call", lambda it: it.json(it.error(number)))

    with pytest.raises(ToolError, match="mcp_bad_response") as caught:
        connect(either).submit()

    assert not caught.value.maybe_sent


def test_does_not_fetch_what_a_schema_refers_to(connect: Connect, either: ScriptedMcp) -> None:
    there = f"{either.origin}/schema"
    either.tools = [{"name": "scp.search_providers", "inputSchema": {"$ref": there}}]

    connect(either).search()

    assert not either.asked("GET")


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({}, True),
        ({"additionalProperties": False}, False),
        ({"additionalProperties": False, "properties": {"idempotency_key": {}}}, True),
        ({"additionalProperties": {}, "properties": {}}, True),
    ],
)
def test_gives_the_key_to_a_tool_that_takes_it_and_to_the_server_always(
    connect: Connect, either: ScriptedMcp, schema: dict[str, Any], sent: bool
) -> None:
    either.tools = [{"name": "scp.submit_registration", "inputSchema": schema}]

    connect(either).submit()

    seen = either.last("tools/call")
    assert seen.params["arguments"] == ({"idempotency_key": KEY} if sent else {})
    assert seen.headers["Idempotency-Key"] == KEY
    assert seen.params["_meta"]["com.signupassist/idempotency-key"] == KEY


def test_names_the_key_as_such_for_a_submission_only(connect: Connect, either: ScriptedMcp) -> None:
    name = Tool.GET_REGISTRATION.mcp_name
    either.tools = [{"name": name, "inputSchema": {"additionalProperties": False}}]
    effort = Effort(seconds=5, retries=0)

    connect(either).server.call(Tool.GET_REGISTRATION, {"idempotency_key": KEY}, effort)

    seen = either.last("tools/call")
    assert seen.params["arguments"] == {"idempotency_key": KEY}
    assert "Idempotency-Key" not in seen.headers
