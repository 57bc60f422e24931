"""When a provider tool is slow, broken or gone…"""

import logging
import time

import pytest
from pytest_django import Settings

from audit.models import MandateAudit
from orchestrator.tools.contract import Tool
from orchestrator.tools.toolbox import get_toolbox
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import ANSWERS, SATURDAY, Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

SEARCH, PROGRAMS = Tool.SEARCH_PROVIDER.mcp_name, Tool.FIND_PROGRAMS.mcp_name


@pytest.fixture
def falling_back(server: ToolsCallServer, settings: Settings) -> ToolsCallServer:
    """The real server, with samples allowed to stand in for reads."""
    settings.MCP_FALLBACK = True
    get_toolbox.cache_clear()
    return server


def test_says_that_it_takes_longer_and_retries_with_the_same_inputs(
    chat: Chat, server: ToolsCallServer
) -> None:
    chat.begin()
    server.script(SEARCH, Script(silent=True), times=1)
    started = time.monotonic()
    chat.say("Blackhawk Ski Club in Middleton")
    assert time.monotonic() - started < 4
    assert (chat.status, chat.last["code"]) == (504, "mcp_timeout")
    assert chat.last["detail"] == "This is taking longer than expected. Please try again."
    assert chat.last["retryable"] is True
    assert chat.last["cta"] == [
        {"label": "Retry", "action": "retry_last", "payload": {}, "variant": "accent"}
    ]
    shown = chat.read()["last_turn"]
    assert shown["meta"]["code"] == "mcp_timeout"
    assert shown["cta"][0]["action"] == "retry_last"

    chat.press("retry_last")
    assert (chat.status, chat.last["meta"]["source"]) == (200, "mcp")
    assert chat.last["cards"][0]["title"] == "Blackhawk Ski Club"
    first, second = (call.args for call in server.calls if call.tool == SEARCH)
    assert first == second


def test_keeps_the_words_of_a_failed_search_sealed(chat: Chat, server: ToolsCallServer) -> None:
    chat.begin()
    server.script(SEARCH, Script(status=500))
    chat.say("Emma Larsen Swim School for my daughter, born 2018-05-31")
    chat.press("retry_last")
    assert chat.status == 503
    state = str(AgenticCheckoutSession.objects.values_list("state", flat=True).get())
    assert "Emma" not in state
    assert "2018" not in state
    assert "Emma" in str(server.calls[-1].args)
    assert "2018" not in str(server.calls[-1].args)


def test_keeps_of_a_failed_action_what_its_retry_needs(chat: Chat, server: ToolsCallServer) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login()
    server.script(PROGRAMS, Script(status=500))
    chat.press("credentials_submitted", credential_id=credential_id, password="Nightjar-7319!")
    assert chat.status == 503
    state = AgenticCheckoutSession.objects.values_list("state", flat=True).get()
    assert state["failed"]["payload"] == {"credential_id": credential_id}
    assert "Nightjar" not in str(state)


def test_retries_finding_programs_by_either_button(chat: Chat, server: ToolsCallServer) -> None:
    chat.walk_to("login")
    credential_id = chat.save_login()
    server.script(PROGRAMS, Script(silent=True), times=2)
    chat.press("credentials_submitted", credential_id=credential_id)
    assert (chat.status, chat.last["code"]) == (504, "mcp_timeout")
    assert chat.read()["step"] == "login"
    chat.press("retry_programs")
    assert chat.status == 504
    chat.press("retry_last")
    assert (chat.status, chat.step) == (200, "program_selection")


def test_falls_back_to_marked_samples_for_reads(
    chat: Chat, falling_back: ToolsCallServer, caplog: pytest.LogCaptureFixture
) -> None:
    chat.begin()
    falling_back.stop()
    with caplog.at_level(logging.INFO, "orchestrator.tools"):
        chat.say("Blackhawk")
    assert chat.status == 200
    meta = chat.last["meta"]
    assert (meta["source"], meta["degraded"], meta["fallback_reason"]) == (
        "mock",
        True,
        "unavailable",
    )
    assert "sample data" in chat.last["message"]
    said = [one.getMessage() for one in caplog.records if one.name == "orchestrator.tools"]
    assert said == [
        "[MCP] Calling real tool: scp.search_providers",
        "[MCP] Tool scp.search_providers failed: unavailable",
        "[MCP] Falling back to mock tool for search_provider",
    ]
    row = MandateAudit.objects.get(action="tool_succeeded")
    assert (row.metadata["source"], row.metadata["degraded"]) == ("mock", True)


def test_gives_no_login_to_a_plan_of_samples(chat: Chat, falling_back: ToolsCallServer) -> None:
    chat.begin()
    falling_back.script(SEARCH, Script(status=503))
    chat.say("Blackhawk")
    chat.press("select_provider", org_ref="blackhawk-ski")
    chat.press("credentials_submitted", credential_id=chat.save_login())
    assert (chat.status, chat.last["meta"]["source"]) == (200, "mock")
    assert falling_back.count(PROGRAMS) == 0
    assert not MandateAudit.objects.filter(action="credentials_accessed").exists()
    chat.press("select_program", program_ref=SATURDAY)
    chat.press("complete_prereqs")
    assert chat.step == "form_fill"


@pytest.mark.parametrize(
    ("script", "status", "code", "sentence"),
    [
        (
            Script(status=503),
            503,
            "mcp_unavailable",
            "The provider service is unavailable. Please try again shortly.",
        ),
        (Script(status=401), 502, "mcp_auth_failed", "The provider service is unavailable."),
        (
            Script(status=200, body=b"<html>"),
            502,
            "mcp_bad_response",
            "The provider could not process this request.",
        ),
        (
            Script(refuse="database_is_on_fire"),
            502,
            "mcp_tool_error",
            "The provider could not process this request.",
        ),
    ],
)
def test_ends_every_failure_in_its_sentence(
    chat: Chat, server: ToolsCallServer, script: Script, status: int, code: str, sentence: str
) -> None:
    chat.begin()
    server.script(SEARCH, script)
    chat.say("Blackhawk")
    assert (chat.status, chat.last["code"], chat.last["detail"]) == (status, code, sentence)
    assert ("Retry-After" in chat.response) is (status == 503)
    assert chat.response["Content-Type"] == "application/problem+json"
    row = MandateAudit.objects.get(action="tool_failed")
    assert set(row.metadata) >= {"tool", "source", "attempts", "elapsed_ms", "error_code"}
    assert row.metadata["tool"] == "search_provider"
    assert chat.read()["status"] == "open"


def test_does_not_fall_back_when_time_ran_out(chat: Chat, falling_back: ToolsCallServer) -> None:
    chat.begin()
    falling_back.script(SEARCH, Script(silent=True))
    chat.say("Blackhawk")
    assert (chat.status, chat.last["code"]) == (504, "mcp_timeout")


def test_lets_nothing_of_the_login_into_logs_or_records(
    chat: Chat, server: ToolsCallServer, caplog: pytest.LogCaptureFixture
) -> None:
    chat.walk_to("login")
    server.script(PROGRAMS, Script(status=500))
    with caplog.at_level(logging.DEBUG):
        chat.press("credentials_submitted", credential_id=chat.save_login("canary-9F3x"))
    assert chat.status == 503
    assert server.calls[-1].args["credentials"]["password"] == "canary-9F3x"
    everything = caplog.text + str(list(MandateAudit.objects.values())) + str(chat.last)
    assert "canary-9F3x" not in everything


def test_gives_the_session_free_when_something_breaks(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.begin()

    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("canary-in-an-exception")

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.services.calls.call", explode)
        chat.say("Blackhawk")
    assert (chat.status, chat.last["code"]) == (500, "internal_error")
    assert chat.last["detail"] == "Something went wrong. Please try again."
    assert "canary" not in str(chat.last)
    chat.say("Blackhawk")
    assert chat.status == 200


def test_marks_samples_wherever_they_are_shown(chat: Chat, falling_back: ToolsCallServer) -> None:
    chat.begin()
    falling_back.stop()
    chat.say("Blackhawk")
    chat.press("select_provider", org_ref="blackhawk-ski")
    chat.press("credentials_submitted", credential_id=chat.save_login())
    chat.press("select_program", program_ref=SATURDAY)
    chat.press("complete_prereqs")
    chat.press("submit_form", answers=ANSWERS)
    assert (chat.step, chat.last["meta"]["source"]) == ("confirmation", None)
    assert "sample data" in chat.last["message"]
    assert chat.last["cards"][0]["metadata"]["sample"] is True
    chat.say("what now?")
    assert "sample data" in chat.last["message"]


def test_answers_a_failed_turn_with_its_version(chat: Chat, server: ToolsCallServer) -> None:
    chat.begin()
    server.script(SEARCH, Script(silent=True), times=1)
    chat.say("Blackhawk")
    assert chat.status == 504
    chat.press_if(chat.response["ETag"], "retry_last")
    assert chat.status == 200
