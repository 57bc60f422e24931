"""Where data comes from, said by every Turn, every log line and every row of the ledger…"""

import logging
from typing import Any

import pytest
from pytest_django import Settings

from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission
from orchestrator.tools.contract import Tool
from tests.orchestrator.chat import FULL, SATURDAY, STEPS, Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

READS = {
    Tool.SEARCH_PROVIDER: "login",  # the step that a walk reaches after the tool was asked
    Tool.FIND_PROGRAMS: "program_selection",
    Tool.CHECK_PREREQUISITES: "prerequisite_check",
    Tool.DISCOVER_FIELDS: "form_fill",
}
TOOLS = [tool.value for tool in Tool if tool is not Tool.GET_REGISTRATION]
SUBMIT = Tool.SUBMIT_REGISTRATION.mcp_name


@pytest.fixture
def falling_back(server: ToolsCallServer, settings: Settings) -> ToolsCallServer:
    """The real server, with samples allowed to stand in for reads."""
    settings.MCP_FALLBACK = True
    return server


def calls_recorded() -> list[dict[str, Any]]:
    """Return what the ledger tells of each tool call, oldest first."""
    rows = MandateAudit.objects.filter(action__in=["tool_succeeded", "tool_failed"])
    return [row.metadata for row in rows.order_by("created_at", "id")]


@pytest.mark.parametrize("mode", ["samples", "real"])
def test_names_it_through_a_whole_signup(
    chat: Chat, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    caplog.set_level(logging.INFO, "orchestrator.tools")
    if mode == "real":
        request.getfixturevalue("server")
    source = {"samples": "mock", "real": "mcp"}[mode]
    for step in STEPS:
        turn = chat.walk_to(step)
        said = turn["meta"]["source"]
        # choosing and typing ask no tool
        assert said == (None if step in {"provider_search", "login", "confirmation"} else source)
        assert chat.response.get("X-SCP-Source") == said
        assert (turn["meta"]["degraded"], turn["meta"]["fallback_reason"]) == (False, None)
    way = ("tools-call", 200, "127.0.0.1") if mode == "real" else (None, None, None)
    assert [
        (row["tool"], row["source"], row["protocol_version"], row["http_status"], row["server"])
        for row in calls_recorded()
    ] == [(tool, source, *way) for tool in TOOLS]
    assert RegistrationSubmission.objects.get().source == source
    lines = [one.getMessage() for one in caplog.records if one.name == "orchestrator.tools"]
    assert len(lines) == (0 if mode == "samples" else 10)
    assert all("real tool" in line or "succeeded" in line for line in lines)


@pytest.mark.parametrize("tool", READS)
def test_marks_each_read_that_samples_stand_in_for(
    chat: Chat,
    falling_back: ToolsCallServer,
    caplog: pytest.LogCaptureFixture,
    tool: Tool,
) -> None:
    caplog.set_level(logging.INFO, "orchestrator.tools")
    falling_back.script(tool.mcp_name, Script(status=500))
    if tool is Tool.SEARCH_PROVIDER:
        chat.begin()
        turn = chat.say("Blackhawk Ski Club in Middleton")
    else:
        turn = chat.walk_to(READS[tool])

    meta = turn["meta"]
    assert (meta["source"], meta["degraded"]) == ("mock", True)
    assert meta["fallback_reason"] == "unavailable"
    assert chat.response["X-SCP-Source"] == "mock"
    assert "This is sample data, not a real offer." in turn["message"]
    row = calls_recorded()[-1]
    assert (row["tool"], row["source"], row["degraded"]) == (tool.value, "mock", True)
    assert row["fallback_reason"] == "unavailable"
    lines = [one.getMessage() for one in caplog.records if one.name == "orchestrator.tools"]
    assert lines[-3:] == [
        f"[MCP] Calling real tool: {tool.mcp_name}",
        f"[MCP] Tool {tool.mcp_name} failed: unavailable",
        f"[MCP] Falling back to mock tool for {tool.value}",
    ]


@pytest.mark.parametrize("tool", READS)
def test_lets_a_plan_with_any_sample_in_it_register_nobody(
    chat: Chat, falling_back: ToolsCallServer, tool: Tool
) -> None:
    falling_back.script(tool.mcp_name, Script(status=500), times=1)
    chat.walk_to(READS[tool])
    opened = MandateAudit.objects.filter(action="credentials_accessed").count()
    before = len(falling_back.calls)
    chat.walk_to("confirmation")
    chat.press("confirm_registration", summary=chat.summary)

    assert (chat.status, chat.last["code"]) == (409, "mock_data_not_submittable")
    assert chat.last["detail"] == "This plan used sample data. Please search again."
    assert len(falling_back.calls) == before  # once on samples, always on samples
    assert MandateAudit.objects.filter(action="credentials_accessed").count() == opened
    assert not RegistrationSubmission.objects.exists()


def test_is_real_again_after_a_new_search(chat: Chat, falling_back: ToolsCallServer) -> None:
    falling_back.script(Tool.FIND_PROGRAMS.mcp_name, Script(status=500), times=1)
    chat.walk_to("program_selection")
    chat.press("change_provider")
    chat.say("Blackhawk Ski Club in Middleton")
    chat.press("select_provider", org_ref="blackhawk-ski")
    saved = chat.client.get("/api/v1/credentials").json()["results"][0]["id"]
    chat.press("credentials_submitted", credential_id=saved)
    chat.walk_to("completed")

    assert chat.last["meta"]["source"] == "mcp"
    assert RegistrationSubmission.objects.get().source == "mcp"
    assert falling_back.count(SUBMIT) == 1


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        (Script(silent=True), 504, "mcp_timeout"),
        (Script(drip=True), 504, "mcp_timeout"),
        (Script(status=401), 502, "mcp_auth_failed"),
        (Script(status=403), 502, "mcp_auth_failed"),
        (Script(status=400), 502, "mcp_tool_error"),
        (Script(refuse="database_is_on_fire"), 502, "mcp_tool_error"),
        (Script(status=200, body=b"<html>"), 502, "mcp_bad_response"),
        (Script(status=200, body=b'{"programs": [{}]}'), 502, "mcp_bad_response"),
        (Script(refuse="login_failed"), 422, "login_failed"),
        (Script(refuse="registration_closed"), 422, "registration_closed"),
    ],
)
def test_covers_nothing_up_with_samples_that_they_cannot_mend(
    chat: Chat,
    falling_back: ToolsCallServer,
    caplog: pytest.LogCaptureFixture,
    script: Script,
    status: int,
    code: str,
) -> None:
    chat.walk_to("login")
    falling_back.script(Tool.FIND_PROGRAMS.mcp_name, script)
    chat.press("credentials_submitted", credential_id=chat.save_login())

    assert (chat.status, chat.last["code"]) == (status, code)
    assert chat.response["X-SCP-Source"] == "mcp"
    assert "Falling back" not in caplog.text
    row = calls_recorded()[-1]
    assert (row["source"], row["error_code"]) == ("mcp", script.refuse or code)
    shown = chat.read()["last_turn"]
    assert (shown["meta"]["source"], shown["meta"]["code"]) == ("mcp", code)
    assert "sample data" not in shown["message"]


@pytest.mark.parametrize(
    "script", [Script(status=503), Script(cut=True), Script(silent=True), Script(status=429)]
)
def test_never_lets_samples_stand_in_for_a_registration(
    chat: Chat, falling_back: ToolsCallServer, caplog: pytest.LogCaptureFixture, script: Script
) -> None:
    chat.walk_to("confirmation")
    falling_back.script(SUBMIT, script)
    chat.press("confirm_registration", summary=chat.summary)

    assert chat.status in {202, 503}
    assert chat.read()["last_turn"]["meta"]["source"] == "mcp"
    assert calls_recorded()[-1]["source"] == "mcp"
    assert RegistrationSubmission.objects.get().status in {"outcome_unknown", "not_created"}
    assert "Falling back" not in caplog.text
    assert falling_back.count(SUBMIT) == 1


def test_tells_a_refusal_of_samples_from_a_real_one(chat: Chat) -> None:
    chat.walk_to("confirmation", program=FULL)
    chat.press("confirm_registration", summary=chat.summary)

    assert (chat.status, chat.last["code"]) == (422, "program_full")
    assert chat.response["X-SCP-Source"] == "mock"
    assert calls_recorded()[-1]["source"] == "mock"
    assert chat.read()["last_turn"]["meta"]["source"] == "mock"


def test_names_none_where_no_tool_was_asked(chat: Chat) -> None:
    chat.begin()
    chat.press("retry_search")
    assert chat.last["meta"]["source"] is None
    assert "X-SCP-Source" not in chat.response
    chat.press("select_program", program_ref=SATURDAY)
    assert (chat.status, "X-SCP-Source" in chat.response) == (409, False)
