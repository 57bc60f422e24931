"""Counting turns and tool calls, each once and by words that are few…"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError
from prometheus_client import Counter as Metric
from pytest_django import Settings

from accounts.models import User
from audit.models import MandateAudit
from orchestrator.services import counts as turns
from orchestrator.tools import counts as tools
from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolRefusedError, ToolTimeoutError, ToolUnavailableError
from orchestrator.tools.mcp.breaker import Breaker
from orchestrator.tools.mcp.effort import Effort
from orchestrator.tools.toolbox import get_toolbox
from sessions_store import services as store
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

Counts = Counter[tuple[str, ...]]


def counted(metric: Metric) -> Counts:
    """Return what was counted so far, by the values of the labels."""
    [family] = metric.collect()
    return Counter(
        {
            tuple(sample.labels[name] for name in metric._labelnames): int(sample.value)
            for sample in family.samples
            if sample.name.endswith("_total")
        }
    )


@pytest.fixture
def before() -> dict[str, Counts]:
    return {"turns": counted(turns.TURNS), "tools": counted(tools.CALLS)}


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use."""
    get_toolbox.cache_clear()
    with ToolsCallServer() as running:
        settings.USE_REAL_MCP = True
        settings.MCP_SERVER_URL = running.url
        settings.MCP_ACCESS_TOKEN = running.token
        settings.MCP_TRANSPORT = "tools-call"
        settings.MCP_MAX_RETRIES = 0
        yield running
    get_toolbox.cache_clear()


def test_counts_as_many_calls_as_are_recorded(parent: User, before: dict[str, Counts]) -> None:
    chat = Chat(parent)
    chat.walk_to("confirmation")
    chat.press("confirm_registration", summary=chat.summary)
    assert chat.step == "completed"

    more = counted(tools.CALLS) - before["tools"]
    assert more == Counter({(tool, "mock", "ok"): 1 for tool in list(Tool) if "get_" not in tool})
    recorded = MandateAudit.objects.filter(action__in=["tool_succeeded", "tool_failed"])
    assert recorded.count() == more.total()


def test_counts_a_turn_by_the_step_that_it_found(parent: User, before: dict[str, Counts]) -> None:
    chat = Chat(parent)
    chat.walk_to("login")
    chat.press("complete_prereqs")  # not possible here
    chat.press("no_such_action")  # none at all

    assert counted(turns.TURNS) - before["turns"] == Counter(
        {
            ("none", "begun"): 1,
            ("provider_search", "done"): 2,
            ("login", "refused"): 1,
        }
    )


@pytest.mark.parametrize(
    ("script", "fallback", "outcome", "turn"),
    [
        (Script(status=503), False, ("mcp", "unavailable"), "failed"),
        (Script(status=503), True, ("mock", "fallback"), "done"),
        (Script(status=200, body=b"garbage"), False, ("mcp", "bad_response"), "failed"),
    ],
)
def test_tells_trouble_from_what_stood_in_for_it(
    parent: User,
    settings: Settings,
    server: ToolsCallServer,
    before: dict[str, Counts],
    script: Script,
    fallback: bool,
    outcome: tuple[str, str],
    turn: str,
) -> None:
    settings.MCP_FALLBACK = fallback
    server.script(Tool.SEARCH_PROVIDER.mcp_name, script)
    chat = Chat(parent)
    chat.begin()
    chat.say("Blackhawk Ski Club in Middleton")

    more = counted(tools.CALLS) - before["tools"]
    assert more == Counter({("search_provider", *outcome): 1})
    assert (counted(turns.TURNS) - before["turns"])["provider_search", turn] == 1


def test_counts_what_breaks_on_our_side(
    parent: User, before: dict[str, Counts], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Chat(parent)
    chat.begin()

    def broken(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(store, "claim", broken)
    chat.say("Blackhawk Ski Club in Middleton")
    assert (counted(turns.TURNS) - before["turns"])["provider_search", "error"] == 1


@pytest.mark.once
def test_keeps_a_providers_own_words_out(before: dict[str, Counts]) -> None:
    for error in (ToolRefusedError("a code of Pat's club"), ToolTimeoutError()):
        tools.count_error(Tool.FIND_PROGRAMS, error)

    assert counted(tools.CALLS) - before["tools"] == Counter(
        {("find_programs", "mcp", "refused"): 1, ("find_programs", "mcp", "timeout"): 1}
    )


@pytest.mark.once
def test_says_until_when_the_breaker_is_open() -> None:
    def until() -> float:
        [family] = tools.BREAKER_OPEN_UNTIL.collect()
        return family.samples[0].value

    breaker = Breaker()
    assert until() == 0
    for _ in range(5):
        effort = Effort(seconds=1, retries=0, may_retry=lambda: False)
        effort.attempts = 1
        with pytest.raises(ToolUnavailableError), breaker.guard(effort, read=True):
            raise ToolUnavailableError
    assert breaker.state == "open"
    assert until() > 0
