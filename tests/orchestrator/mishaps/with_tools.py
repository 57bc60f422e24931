"""The tools of a provider, and what may become of a call."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission
from orchestrator.tools.contract import Tool
from orchestrator.tools.mcp.breaker import FAILURES_IN_A_ROW
from tests.orchestrator.chat import Chat
from tests.orchestrator.mishaps.world import Mishap, World
from tests.servers import places_server
from tests.servers.scripted_mcp import It
from tests.servers.tools_call_server import Script

SEARCH, SUBMIT = Tool.SEARCH_PROVIDER.mcp_name, Tool.SUBMIT_REGISTRATION.mcp_name
PROGRAMS = Tool.FIND_PROGRAMS.mcp_name


def reading(script: Script) -> Mishap:
    """Search while the tool behaves like this."""

    def search(world: World) -> Any:
        world.chat.begin()
        world.server.script(SEARCH, script)
        return world.say()

    return search


def reading_from_nobody(world: World) -> Any:
    world.chat.begin()
    world.server.stop()
    return world.say()


def searching_the_map(world: World) -> Any:
    world.request.getfixturevalue("google").script(places_server.Script(status=503))
    world.chat.begin()
    world.chat.say("Zzyzx Curling Rink")
    return world.chat.response


def reading_a_tool_that_is_missing(world: World) -> Any:
    world.chat.begin()
    world.server.hidden.add(SEARCH)
    return world.say()


def reading_while_the_circuit_is_open(world: World) -> Any:
    open_the_circuit(world)
    calls = world.server.count(SEARCH)
    answer = world.say()
    assert world.server.count(SEARCH) == calls
    return answer


def open_the_circuit(world: World) -> None:
    """Search, in sessions of their own, until the server is left alone."""
    world.server.script(SEARCH, Script(status=500), times=FAILURES_IN_A_ROW)
    for _ in range(FAILURES_IN_A_ROW):
        world.chat.begin()
        world.say()
    world.chat.begin()


def reading_over_mcp(era: str, *scripts: Callable[[It], None], **how: Any) -> Mishap:
    """Search while an MCP server of this era behaves like this."""

    def search(world: World) -> Any:
        world.mcp(era, **how).script("tools/call", *scripts)
        world.chat.begin()
        return world.say()

    return search


def forget_the_session(it: It) -> None:
    """Answer as a server that does not know the session any more."""
    it.json(it.error(-32600) | {"id": "server-error"}, 404)


def logging_in(code: str) -> Mishap:
    """Use a login while the provider refuses with this code."""

    def log_in(world: World) -> Any:
        server = world.server
        world.chat.walk_to("login")
        server.script(PROGRAMS, Script(refuse=code))
        return world.press("credentials_submitted", credential_id=world.chat.save_login())

    return log_in


def submitting(script: Script) -> Mishap:
    """Confirm while the tool behaves like this."""

    def submit(world: World) -> Any:
        server = world.server
        world.chat.walk_to("confirmation")
        server.script(SUBMIT, script)
        answer = world.confirm()
        assert server.count(SUBMIT) == 1
        return answer

    return submit


def submitting_over_mcp(era: str, *scripts: Callable[[It], None]) -> Mishap:
    """Confirm while an MCP server of this era behaves like this."""

    def submit(world: World) -> Any:
        assert world.server
        world.chat.walk_to("confirmation")
        mcp = world.mcp(era)
        mcp.script("tools/call", *scripts)
        answer = world.confirm()
        assert mcp.asked("tools/call") == len(scripts)
        return answer

    return submit


def submitting_to_nobody(world: World) -> Any:
    server = world.server
    world.chat.walk_to("confirmation")
    server.stop()
    return world.confirm()


def submitting_while_the_circuit_is_open(world: World) -> Any:
    server = world.server
    world.chat.walk_to("confirmation")
    open_the_circuit(replace(world, chat=Chat(world.chat.user, world.chat.client)))
    answer = world.confirm()
    assert server.count(SUBMIT) == 0
    assert not RegistrationSubmission.objects.exists()
    return answer


def submitting_with_a_bad_service_token(world: World) -> Any:
    server = world.server
    world.chat.walk_to("confirmation")
    server.token = "another-token"
    return world.confirm()


def acting_while_unknown(world: World) -> Any:
    submitting(Script(cut=True))(world)
    return world.press("edit_form")


def submitting_twice(world: World) -> Any:
    world.chat.walk_to("completed")
    second = Chat(world.chat.user, world.chat.client)
    second.walk_to("login")
    saved = StoredCredential.objects.get()
    second.press("credentials_submitted", credential_id=str(saved.pk))
    second.walk_to("confirmation")
    second.press("confirm_registration", summary=second.summary)
    return second.response


def submitting_samples_in_real_mode(world: World) -> Any:
    world.chat.walk_to("confirmation")
    assert world.server
    return world.confirm()
