"""Passing a caller's trace on to the tools…"""

import re

import pytest

from audit.context import serving, trace_parent
from orchestrator.tools.contract import Tool
from orchestrator.tools.toolbox import get_toolbox
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import ToolsCallServer

pytestmark = pytest.mark.once

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OFFERED = f"00-{TRACE}-00f067aa0ba902b7-01"
WHOLE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def test_keeps_the_trace_and_names_each_call_in_it() -> None:
    with serving("request-1", traceparent=OFFERED):
        first, second = trace_parent(), trace_parent()

    assert first.startswith(f"00-{TRACE}-")
    assert first.endswith("-01")
    assert WHOLE.fullmatch(first)
    assert len({first, second, OFFERED}) == 3


@pytest.mark.parametrize(
    "offered",
    [
        "",
        "nonsense",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        OFFERED.upper(),
        OFFERED + "\r\nX-Evil: 1",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
    ],
)
def test_begins_one_for_the_request_where_none_was_rightly_named(offered: str) -> None:
    with serving("request-1", traceparent=offered):
        first, second = trace_parent(), trace_parent()
    with serving("request-2", traceparent=offered):
        third = trace_parent()

    assert WHOLE.fullmatch(first)
    assert first[3:35] == second[3:35] != third[3:35]
    assert TRACE not in first


def test_goes_out_with_the_call_that_a_request_makes(chat: Chat, server: ToolsCallServer) -> None:
    chat.begin()
    chat.say("Blackhawk", traceparent=OFFERED)

    sent = server.calls[0].headers["traceparent"]
    assert sent.startswith(f"00-{TRACE}-")
    assert sent != OFFERED


def test_has_one_outside_of_requests_too(server: ToolsCallServer) -> None:
    get_toolbox().call(Tool.SEARCH_PROVIDER, {"query": "ski"})

    assert WHOLE.fullmatch(server.calls[0].headers["traceparent"])
