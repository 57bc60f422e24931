"""Falling back to sample data…"""

import socket

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError, ToolUnavailableError
from orchestrator.tools.mcp.tools_call import ToolsCallServer as ToolsCallWire
from orchestrator.tools.mcp.transport import Transport
from orchestrator.tools.mock.tools import MockTools
from orchestrator.tools.toolbox import RealToolbox
from tests.orchestrator.tools.conftest import MakeToolbox
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

PROGRAMS = "scp.get_programs"
CLUB = {"org_ref": "blackhawk-ski"}
LOGIN = {"email": "pat@example.com", "password": "wrong-password"}


@pytest.mark.parametrize("script", [Script(status=500), Script(status=503), Script(cut=True)])
def test_is_marked_and_gets_no_real_login(
    server: ToolsCallServer, make_toolbox: MakeToolbox, script: Script
) -> None:
    server.script(PROGRAMS, script)

    # The samples would refuse this password: an answer proves that they never saw it.
    answer = make_toolbox(fallback=True).call(Tool.FIND_PROGRAMS, CLUB, credentials=LOGIN)

    assert (answer.source, answer.degraded, answer.fallback_reason) == ("mock", True, "unavailable")
    assert answer.attempts == 1
    assert answer.data


def test_names_a_missing_tool_as_its_reason(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    server.hidden.add(PROGRAMS)

    answer = make_toolbox(fallback=True).call(Tool.FIND_PROGRAMS, CLUB)

    assert (answer.source, answer.fallback_reason) == ("mock", "tool_missing")


@pytest.mark.parametrize("tool", [Tool.SUBMIT_REGISTRATION, Tool.GET_REGISTRATION])
def test_never_stands_in_for_a_registration(
    server: ToolsCallServer, make_toolbox: MakeToolbox, tool: Tool
) -> None:
    server.script(tool.mcp_name, Script(status=503))
    args = {
        "org_ref": "blackhawk-ski",
        "program_ref": "blackhawk-family-night",
        "answers": {},
        "idempotency_key": "key-1",
    }

    with pytest.raises(ToolUnavailableError):
        make_toolbox(fallback=True).call(tool, args)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (Script(silent=True), "mcp_timeout"),
        (Script(status=401), "mcp_auth_failed"),
        (Script(status=400), "mcp_tool_error"),
        (Script(status=200, body=b"x"), "mcp_bad_response"),
        (Script(status=422, refuse="program_full"), "program_full"),
    ],
)
def test_does_not_cover_up_other_trouble(
    server: ToolsCallServer, make_toolbox: MakeToolbox, script: Script, code: str
) -> None:
    server.script(PROGRAMS, script)

    with pytest.raises(ToolError) as caught:
        make_toolbox(fallback=True, timeout_seconds=1).call(Tool.FIND_PROGRAMS, CLUB)

    assert (caught.value.code, caught.value.source) == (code, "mcp")


def test_stays_out_where_it_is_switched_off(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    server.script(PROGRAMS, Script(status=503))

    with pytest.raises(ToolUnavailableError):
        make_toolbox(fallback=False).call(Tool.FIND_PROGRAMS, CLUB)


def test_admits_that_samples_know_nothing_of_a_real_provider(
    server: ToolsCallServer, make_toolbox: MakeToolbox, caplog: pytest.LogCaptureFixture
) -> None:
    server.script(PROGRAMS, Script(status=503))

    with pytest.raises(ToolUnavailableError):
        make_toolbox(fallback=True).call(Tool.FIND_PROGRAMS, {"org_ref": "a-real-club"})

    assert "Falling back" not in caplog.text


def test_serves_a_plan_of_samples_without_the_network(
    server: ToolsCallServer, make_toolbox: MakeToolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "connect", pytest.fail)

    answer = make_toolbox().call(Tool.FIND_PROGRAMS, CLUB, only_mock=True)

    assert (answer.source, answer.degraded, answer.fallback_reason) == ("mock", True, None)
    assert server.calls == []


def test_refuses_a_login_or_a_registration_for_a_plan_of_samples(
    make_toolbox: MakeToolbox,
) -> None:
    toolbox = make_toolbox()

    with pytest.raises(ValueError, match="real login"):
        toolbox.call(Tool.FIND_PROGRAMS, CLUB, credentials=LOGIN, only_mock=True)
    with pytest.raises(ValueError, match="register nobody"):
        toolbox.call(Tool.SUBMIT_REGISTRATION, CLUB, only_mock=True)


def test_cannot_be_built_on_samples_that_register() -> None:
    with pytest.raises(TypeError):
        RealToolbox(
            ToolsCallWire(Transport("http://127.0.0.1:1", "")),
            MockTools(),
            fallback=True,
            timeout_seconds=1,
            max_retries=0,
        )
