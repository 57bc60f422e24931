"""Submitting over MCP…"""

from collections.abc import Callable

import pytest

from orchestrator.tools.errors import ToolError
from tests.orchestrator.tools.mcp.conftest import Connect
from tests.servers.scripted_mcp import PROVIDERS, It, ScriptedMcp

pytestmark = pytest.mark.once

Script = Callable[[It], None]


def status(code: int) -> Script:
    return lambda it: it.raw(b"", code)


def error(number: int, code: int = 200) -> Script:
    return lambda it: it.json(it.error(number), code)


def refused(code: str) -> Script:
    body = {"error": {"code": code, "message": "canary"}}
    return lambda it: it.json(it.result(isError=True, structuredContent=body))


@pytest.mark.parametrize(
    "script",
    [
        *(status(code) for code in (401, 403, 406, 411, 413, 415, 421, 429)),
        *(error(number) for number in (-32600, -32601, -32602)),
        *(error(number, 400) for number in (-32600, -32602)),
        refused("program_full"),
        refused("too_young"),
    ],
)
def test_is_settled_where_nothing_can_have_been_booked(
    connect: Connect, either: ScriptedMcp, script: Script
) -> None:
    either.script("tools/call", script)

    with pytest.raises(ToolError) as caught:
        connect(either).submit()

    assert not caught.value.maybe_sent
    assert either.asked("tools/call") == 1


@pytest.mark.parametrize(
    "script",
    [
        *(status(code) for code in (408, 409, 422, 500, 502, 503, 504)),
        *(error(number) for number in (-32603, -32000, -32042)),
        error(-32603, 500),
        lambda it: it.json(it.result(isError=True, content=[])),
        lambda it: it.json(it.result(content=[{"type": "text", "text": "Booked!"}])),
        lambda it: it.break_off(),
    ],
)
def test_goes_out_once_and_stays_open_without_a_clear_answer(
    connect: Connect, either: ScriptedMcp, script: Script
) -> None:
    either.script("tools/call", script)

    with pytest.raises(ToolError) as caught:
        connect(either).submit(retries=3)

    assert caught.value.maybe_sent
    assert either.asked("tools/call") == 1


def test_travels_on_a_connection_of_its_own(connect: Connect, either: ScriptedMcp) -> None:
    client = connect(either)

    assert client.submit() == PROVIDERS
    assert client.submit() == PROVIDERS

    used = [one.headers.get("Connection") for one in either.seen if one.method == "tools/call"]
    assert used == ["close", "close"]
    assert either.last("tools/list").headers.get("Connection") != "close"
