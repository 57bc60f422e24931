"""Submitting a registration…"""

import socket
from typing import Any

import pytest

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolError, ToolMissingError, ToolUnavailableError
from tests.orchestrator.tools.conftest import MakeToolbox
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.once

SUBMIT = "scp.submit_registration"
ARGS: dict[str, Any] = {
    "org_ref": "blackhawk-ski",
    "program_ref": "blackhawk-saturday-nordic",
    "answers": {
        "child_name": "Robin",
        "date_of_birth": "2018-05-04",
        "emergency_phone": "555 0100",
    },
    "idempotency_key": "0b0e7e1c-5a4f-4f7e-9d55-0d8f3c1f2a11",
}
BOOKED = b'{"status": "confirmed", "confirmation_ref": "R-1"}'
LOGIN = {"email": "pat@example.com", "password": "a secret"}


def test_carries_its_key_and_comes_back_confirmed(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    answer = make_toolbox().call(Tool.SUBMIT_REGISTRATION, ARGS, credentials=LOGIN)

    assert (answer.data["status"], answer.source) == ("confirmed", "mcp")
    assert server.calls[0].headers["Idempotency-Key"] == ARGS["idempotency_key"]
    assert server.calls[0].args["idempotency_key"] == ARGS["idempotency_key"]
    assert list(server.bookings) == [ARGS["idempotency_key"]]


def test_never_travels_on_a_used_connection(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    toolbox = make_toolbox()
    toolbox.call(Tool.SEARCH_PROVIDER, {"query": "ski"})

    for _ in range(2):
        toolbox.call(Tool.SUBMIT_REGISTRATION, ARGS)

    assert server.connections == 3
    assert server.calls[-1].headers["Connection"] == "close"


@pytest.mark.parametrize(
    "script",
    [
        Script(cut=True),
        Script(cut=True, deed=True),
        *(Script(status=status) for status in (302, 404, 409, 422, 500, 502, 503, 504)),
        Script(status=500, refuse="internal_error"),
        Script(status=200, body=b"not json"),
        Script(status=200, body=b'{"success": false}'),
        Script(status=200, body=b'{"status": "pending", "confirmation_ref": "x"}'),
        Script(status=200, body=BOOKED + b" " * 5_000_000),
        Script(status=202, body=BOOKED),
    ],
)
def test_goes_out_once_and_stays_open_without_a_clear_answer(
    server: ToolsCallServer, make_toolbox: MakeToolbox, script: Script
) -> None:
    server.script(SUBMIT, script)

    with pytest.raises(ToolError) as caught:
        make_toolbox(max_retries=3, fallback=True).call(Tool.SUBMIT_REGISTRATION, ARGS)

    assert caught.value.maybe_sent
    assert caught.value.attempts >= 1
    assert server.count(SUBMIT) == 1


@pytest.mark.parametrize(
    "script",
    [
        *(Script(status=status) for status in (400, 401, 403, 405, 406, 411, 413, 415, 421, 429)),
        Script(status=200, refuse="program_full"),
        Script(status=422, refuse="too_young"),
        Script(status=503, refuse="registration_closed"),
    ],
)
def test_is_settled_where_nothing_can_have_been_booked(
    server: ToolsCallServer, make_toolbox: MakeToolbox, script: Script
) -> None:
    server.script(SUBMIT, script)

    with pytest.raises(ToolError) as caught:
        make_toolbox(max_retries=3).call(Tool.SUBMIT_REGISTRATION, ARGS)

    assert not caught.value.maybe_sent
    assert server.count(SUBMIT) == 1


def test_is_not_sent_where_nobody_listens(make_toolbox: MakeToolbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(ToolUnavailableError) as caught:
        make_toolbox(url=url, max_retries=1, fallback=True).call(Tool.SUBMIT_REGISTRATION, ARGS)

    assert not caught.value.maybe_sent
    assert caught.value.attempts == 2


def test_is_not_sent_to_a_server_without_the_tool(
    server: ToolsCallServer, make_toolbox: MakeToolbox
) -> None:
    server.hidden.add(SUBMIT)

    with pytest.raises(ToolMissingError) as caught:
        make_toolbox(fallback=True).call(Tool.SUBMIT_REGISTRATION, ARGS)

    assert not caught.value.maybe_sent


def test_is_looked_up_by_its_key(server: ToolsCallServer, make_toolbox: MakeToolbox) -> None:
    server.looks_up = True
    server.script(SUBMIT, Script(cut=True, deed=True))
    toolbox = make_toolbox()
    with pytest.raises(ToolError):
        toolbox.call(Tool.SUBMIT_REGISTRATION, ARGS)

    key = {"idempotency_key": ARGS["idempotency_key"]}
    assert toolbox.call(Tool.GET_REGISTRATION, key).data["status"] == "confirmed"
    with pytest.raises(ToolError, match="not_found"):
        toolbox.call(Tool.GET_REGISTRATION, {"idempotency_key": "another"})
