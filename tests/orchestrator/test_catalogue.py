"""The catalogue of errors: every row, provoked through the API…"""

import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from orchestrator.catalogue import CATALOGUE
from orchestrator.errors import SHOWN_AS
from orchestrator.models import RegistrationSubmission
from tests.orchestrator.chat import CHILD, Chat
from tests.orchestrator.mishaps import at_the_door, in_sessions, with_records, with_tools
from tests.orchestrator.mishaps.with_tools import (
    forget_the_session,
    logging_in,
    reading,
    reading_over_mcp,
    submitting,
    submitting_over_mcp,
)
from tests.orchestrator.mishaps.world import Mishap, World
from tests.servers.tools_call_server import TOKEN, Script

pytestmark = pytest.mark.once

SECRETS = [TOKEN, "pat@ski.example", "pass word 1", "a guess", CHILD]
HTML = Script(status=200, body=b"<html>")
FOREIGN = ["the provider's own words", "canary", "Traceback", 'File "', "/orchestrator/"]
DOWN = "The provider service is unavailable. Please try again shortly."
UNKNOWN = (
    "This is taking longer than expected. We are checking whether your registration went through. "
    "Please do not submit it again."
)
NOT_SENT = "Your registration was not sent. Nothing was booked. Please try again shortly."
ODD = "The provider could not process this request."
AUTH, RETRY, OTHER_PROGRAM, AGAIN = "/auth", ("retry_last",), ("change_program",), ("reset",)


@dataclass(frozen=True)
class Entry:
    """A row of the catalogue: what every answer with its code must be."""

    status: int
    detail: str
    retryable: bool = False
    retry_after: bool = False  # the header
    redirect: str | None = None
    with_turn: bool = False  # shows where the signup stands


@dataclass(frozen=True)
class Case:
    """One way to get there, and what its answer holds besides."""

    mishap: Mishap
    code: str
    cta: tuple[str, ...] = ()  # the actions of the buttons
    errors: tuple[str, ...] = ()  # the fields
    status: int | None = None  # where it is not the entry's
    detail: str | None = None  # where it is not the entry's; "" says what is possible now
    with_turn: bool | None = None  # where it is not the entry's
    logs_a_stack: bool = False  # for the operator: nobody expected this


def entry(status: int, detail: str, **more: Any) -> Entry:
    """Return a row whose answer invites another try."""
    return Entry(status, detail, retryable=True, **more)


CODES = {
    "mcp_timeout": entry(504, "This is taking longer than expected. Please try again."),
    "mcp_unavailable": entry(503, DOWN, retry_after=True),
    "mcp_circuit_open": entry(503, DOWN, retry_after=True),
    "mcp_auth_failed": Entry(502, "The provider service is unavailable."),
    "mcp_tool_error": Entry(502, ODD),
    "mcp_bad_response": Entry(502, ODD),
    "mcp_tool_missing": Entry(502, ODD),
    "mcp_session_lost": Entry(502, ODD),
    "mcp_input_required": Entry(502, ODD),
    "mcp_version_unsupported": Entry(502, ODD),
    "search_unavailable": entry(
        503,
        "Search service temporarily unavailable. Please try again shortly.",
        retry_after=True,
    ),
    "login_failed": Entry(422, "The provider did not accept this login."),
    "submission_not_sent": entry(503, NOT_SENT, retry_after=True),
    "program_full": Entry(422, "This program is full."),
    "registration_closed": Entry(422, "Registration for this program is closed."),
    "already_registered": Entry(422, "This child is already registered for this program."),
    "prerequisite_missing": Entry(422, "Something is still missing for this program."),
    "invalid_answers": Entry(422, "The provider did not accept some answers."),
    "too_young": Entry(422, "The provider did not accept this registration."),
    "submission_in_progress": Entry(
        409,
        "We are checking whether your registration went through. Please do not submit it again.",
        retry_after=True,
        with_turn=True,
    ),
    "already_registering": Entry(
        409, "You already have a registration for this program.", with_turn=True
    ),
    "mock_data_not_submittable": Entry(
        409, "This plan used sample data. Please search again.", with_turn=True
    ),
    "action_not_available": Entry(409, "", with_turn=True),
    "unknown_action": Entry(400, "There is no such action."),
    "turn_in_progress": entry(
        409,
        "One moment, I am still working on your last message.",
        retry_after=True,
        with_turn=True,
    ),
    "session_conflict": Entry(
        409, "This signup moved on in another window. Here is where it stands now.", with_turn=True
    ),
    "idempotency_key_reused": Entry(
        422, "This was already sent once, with other details. Please send it anew."
    ),
    "idempotency_key_in_progress": entry(
        409, "One moment, I am still working on this request.", retry_after=True
    ),
    "session_closed": Entry(
        409, "This signup is finished. You can start a new one.", with_turn=True
    ),
    "checkout_session_expired": Entry(
        410, "This signup timed out after 24 hours. Let's start again."
    ),
    "not_found": Entry(404, "This signup timed out after 24 hours. Let's start again."),
    "not_authenticated": Entry(401, "Please log in.", redirect=AUTH),
    "session_expired": Entry(401, "Your session expired. Please log in again.", redirect=AUTH),
    "auth_unavailable": entry(
        503,
        "We cannot check your log-in right now. Please try again shortly.",
        retry_after=True,
    ),
    "second_factor_required": Entry(401, "Please also give the code from your authenticator app."),
    "second_factor_refused": Entry(401, "That code is not right, or it was used before."),
    "second_factor_unavailable": entry(
        503,
        "Codes of apps cannot be checked right now. Please use a recovery code, or try again later.",
        retry_after=True,
    ),
    "rate_limited": entry(429, "Too many requests. Please wait a moment.", retry_after=True),
    "csrf_failed": entry(403, "This page is out of date. Please reload it and try again."),
    "forbidden": Entry(403, "You are not allowed to do this."),
    "reauthentication_required": Entry(
        403,
        "For your safety, please log in again before you do this.",
        redirect="/auth/reauthenticate",
    ),
    "invalid_request": Entry(400, "Some of this could not be understood. Please check it."),
    "method_not_allowed": Entry(405, "This address does not take that kind of request."),
    "not_acceptable": Entry(406, "This address answers in JSON."),
    "unsupported_media_type": Entry(415, "Please send application/json."),
    "payload_too_large": Entry(413, "That is too much at once. Please send less."),
    "credential_exists": Entry(
        409, "You already saved a login under this name. Choose another name, or replace it."
    ),
    "key_unavailable": entry(
        503, "This saved login cannot be opened right now. Nothing was lost.", retry_after=True
    ),
    "credential_unreadable": Entry(
        500, "This saved login cannot be opened. It was kept; please enter it again."
    ),
    "proof_unavailable": Entry(
        500,
        "We cannot prove this right now: a part of our log is missing. Your records can still be read.",
    ),
    "audit_unavailable": entry(
        503,
        "We could not record this action, so it was not done. Please try again shortly.",
        retry_after=True,
    ),
    "database_unavailable": entry(
        503, "We cannot reach our records right now. Please try again shortly.", retry_after=True
    ),
    "internal_error": entry(500, "Something went wrong. Please try again."),
}

CASES = {
    "read-deadline": Case(reading(Script(silent=True)), "mcp_timeout", cta=RETRY),
    "read-drip": Case(reading(Script(drip=True)), "mcp_timeout", cta=RETRY),
    "read-nobody-listens": Case(with_tools.reading_from_nobody, "mcp_unavailable", cta=RETRY),
    "read-503": Case(reading(Script(status=503)), "mcp_unavailable", cta=RETRY),
    "read-429": Case(reading(Script(status=429)), "mcp_unavailable", cta=RETRY),
    "read-cut": Case(reading(Script(cut=True)), "mcp_unavailable", cta=RETRY),
    "read-service-token": Case(reading(Script(status=401)), "mcp_auth_failed"),
    "read-service-token-403": Case(reading(Script(status=403)), "mcp_auth_failed"),
    "read-tool-error": Case(
        reading(Script(refuse="database_is_on_fire")), "mcp_tool_error", cta=("change_provider",)
    ),
    "read-400": Case(reading(Script(status=400)), "mcp_tool_error"),
    "read-html": Case(reading(HTML), "mcp_bad_response"),
    "read-schema": Case(
        reading(Script(status=200, body=b'{"providers": [{}]}')), "mcp_bad_response"
    ),
    "read-redirect": Case(
        reading(Script(status=302, headers={"Location": "https://elsewhere.example/"})),
        "mcp_bad_response",
    ),
    "search-on-a-map-that-is-down": Case(
        with_tools.searching_the_map, "search_unavailable", cta=RETRY
    ),
    "read-tool-missing": Case(with_tools.reading_a_tool_that_is_missing, "mcp_tool_missing"),
    "read-mcp-tool-missing": Case(reading_over_mcp("stateless", tools=[]), "mcp_tool_missing"),
    "read-mcp-broken-tool": Case(
        reading_over_mcp("handshake", lambda it: it.json(it.result(isError=True, content=[]))),
        "mcp_tool_error",
    ),
    "read-mcp-rpc-error": Case(
        reading_over_mcp("stateless", lambda it: it.json(it.error(-32603))), "mcp_bad_response"
    ),
    "read-mcp-foreign-id": Case(
        reading_over_mcp("stateless", lambda it: it.json(it.result() | {"id": "another"})),
        "mcp_bad_response",
    ),
    "read-mcp-session-lost": Case(
        reading_over_mcp("handshake", forget_the_session, forget_the_session), "mcp_session_lost"
    ),
    "read-mcp-input-required": Case(
        reading_over_mcp("stateless", lambda it: it.json(it.result(resultType="input_required"))),
        "mcp_input_required",
    ),
    "read-mcp-version": Case(
        reading_over_mcp("handshake", version="2024-11-05"), "mcp_version_unsupported"
    ),
    "read-circuit-open": Case(
        with_tools.reading_while_the_circuit_is_open, "mcp_circuit_open", cta=RETRY
    ),
    "read-login-failed": Case(
        logging_in("login_failed"), "login_failed", cta=("show_login_dialog", "connect_account")
    ),
    "submit-nobody-listens": Case(with_tools.submitting_to_nobody, "submission_not_sent"),
    "submit-circuit-open": Case(
        with_tools.submitting_while_the_circuit_is_open,
        "mcp_circuit_open",
        detail=NOT_SENT,
        with_turn=True,
    ),
    "submit-service-token": Case(
        with_tools.submitting_with_a_bad_service_token, "submission_not_sent"
    ),
    "submit-429": Case(submitting(Script(status=429)), "submission_not_sent"),
    "submit-mcp-refused": Case(
        submitting_over_mcp("stateless", lambda it: it.json(it.error(-32602), 400)),
        "submission_not_sent",
    ),
    "submit-mcp-session-lost": Case(
        submitting_over_mcp("handshake", forget_the_session, forget_the_session),
        "submission_not_sent",
    ),
    "submit-program-full": Case(
        submitting(Script(refuse="program_full")), "program_full", cta=OTHER_PROGRAM
    ),
    "submit-closed": Case(
        submitting(Script(refuse="registration_closed")), "registration_closed", cta=OTHER_PROGRAM
    ),
    "submit-already": Case(
        submitting(Script(refuse="already_registered")), "already_registered", cta=OTHER_PROGRAM
    ),
    "submit-prerequisite": Case(
        submitting(Script(refuse="prerequisite_missing")), "prerequisite_missing", cta=OTHER_PROGRAM
    ),
    "submit-answers": Case(
        submitting(Script(refuse="invalid_answers")), "invalid_answers", cta=OTHER_PROGRAM
    ),
    "submit-login-failed": Case(
        submitting(Script(refuse="login_failed")),
        "login_failed",
        cta=("show_login_dialog", "connect_account"),
    ),
    "submit-own-code": Case(submitting(Script(refuse="too_young")), "too_young", cta=OTHER_PROGRAM),
    "submit-in-progress": Case(with_tools.acting_while_unknown, "submission_in_progress"),
    "submit-double": Case(with_tools.submitting_twice, "already_registering"),
    "submit-samples": Case(
        with_tools.submitting_samples_in_real_mode,
        "mock_data_not_submittable",
        cta=("change_provider",),
    ),
    "too-early": Case(in_sessions.pressing_too_early, "action_not_available"),
    "not-offered": Case(in_sessions.choosing_what_was_not_offered, "action_not_available"),
    "unknown-action": Case(in_sessions.pressing_an_unknown_button, "unknown_action"),
    "turn-in-progress": Case(in_sessions.talking_while_a_turn_runs, "turn_in_progress"),
    "if-match": Case(in_sessions.talking_from_an_old_window, "session_conflict"),
    "old-confirm": Case(in_sessions.confirming_what_has_changed, "session_conflict"),
    "key-reused": Case(in_sessions.repeating_with_something_else, "idempotency_key_reused"),
    "key-in-progress": Case(in_sessions.repeating_while_it_runs, "idempotency_key_in_progress"),
    "closed": Case(in_sessions.talking_to_a_finished_one, "session_closed", cta=AGAIN),
    "expired": Case(in_sessions.talking_after_a_day, "checkout_session_expired", cta=AGAIN),
    "unknown-session": Case(in_sessions.talking_to_an_unknown_one, "not_found", cta=AGAIN),
    "no-log-in": Case(at_the_door.asking_without_a_log_in, "not_authenticated"),
    "nonsense-token": Case(at_the_door.asking_with_nonsense, "not_authenticated"),
    "old-token": Case(at_the_door.asking_with_an_old_token, "session_expired"),
    "no-code": Case(at_the_door.taking_a_token_without_a_code, "second_factor_required"),
    "wrong-code": Case(at_the_door.taking_a_token_with_a_wrong_code, "second_factor_refused"),
    "code-key": Case(
        at_the_door.taking_a_token_without_the_key_of_the_codes, "second_factor_unavailable"
    ),
    "issuer-away": Case(at_the_door.asking_while_the_issuer_is_away, "auth_unavailable"),
    "dead-cookie": Case(at_the_door.asking_with_a_dead_cookie, "session_expired"),
    "wrong-password": Case(
        at_the_door.guessing_a_password,
        "login_failed",
        status=401,
        detail="That e-mail and password do not match.",
    ),
    "too-many-guesses": Case(at_the_door.guessing_too_often, "rate_limited"),
    "no-csrf-token": Case(at_the_door.posting_without_a_csrf_token, "csrf_failed"),
    "forbidden": Case(at_the_door.doing_what_is_forbidden, "forbidden"),
    "too-many-reveals": Case(at_the_door.revealing_too_often, "rate_limited"),
    "old-log-in": Case(at_the_door.revealing_long_after_the_log_in, "reauthentication_required"),
    "no-such-path": Case(
        at_the_door.asking_for_nothing_we_have, "not_found", detail="We could not find that."
    ),
    "unknown-field": Case(
        at_the_door.sending_an_unknown_field, "invalid_request", errors=("colour",)
    ),
    "missing-answer": Case(
        at_the_door.leaving_a_field_out, "invalid_request", errors=("date_of_birth",)
    ),
    "method": Case(at_the_door.putting_where_one_posts, "method_not_allowed"),
    "accept": Case(at_the_door.asking_for_html, "not_acceptable"),
    "media-type": Case(at_the_door.sending_a_form, "unsupported_media_type"),
    "too-large": Case(at_the_door.sending_too_much, "payload_too_large"),
    "login-exists": Case(with_records.saving_a_login_twice, "credential_exists"),
    "login-key": Case(with_records.using_a_login_without_its_key, "key_unavailable"),
    "login-damaged": Case(
        with_records.using_a_damaged_login,
        "credential_unreadable",
        cta=("show_login_dialog", "connect_account"),
    ),
    "no-record": Case(
        with_records.acting_where_nothing_can_be_recorded, "audit_unavailable", logs_a_stack=True
    ),
    "no-database": Case(
        with_records.looking_where_the_database_is_gone, "database_unavailable", logs_a_stack=True
    ),
    "damaged-log": Case(with_records.taking_home_what_cannot_be_proved, "proof_unavailable"),
    "bug": Case(with_records.meeting_a_bug, "internal_error", logs_a_stack=True),
}


@pytest.fixture
def world(
    chat: Chat,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> World:
    """A parent in a world where something is about to go wrong, with every log line caught."""
    caplog.set_level(logging.DEBUG)
    return World(chat, settings, monkeypatch, request)


@pytest.mark.parametrize("case", [pytest.param(one, id=name) for name, one in CASES.items()])
def test_answers_as_the_catalogue_says(
    world: World, caplog: pytest.LogCaptureFixture, case: Case
) -> None:
    answer, expected = case.mishap(world), CODES[case.code]

    body, status = answer.json(), case.status or expected.status
    detail = expected.detail if case.detail is None else case.detail
    said = (answer.status_code, answer["Content-Type"], body["code"])
    assert said == (status, "application/problem+json", case.code)
    assert body["status"] == status
    assert body["detail"] == (detail or body["detail"])
    assert body["detail"].endswith(".")
    assert tuple(button["action"] for button in body["cta"]) == case.cta
    assert tuple(body.get("errors", {})) == case.errors
    assert body["redirect"] == expected.redirect
    assert body["retryable"] is expected.retryable
    assert ("Retry-After" in answer) is expected.retry_after
    assert ("WWW-Authenticate" in answer) is (status == 401)
    with_turn = expected.with_turn if case.with_turn is None else case.with_turn
    assert bool(body.get("turn")) is with_turn
    assert body["request_id"] == answer["X-Request-ID"]
    body.pop("turn", None)  # what the parent already saw, the child's name included
    assert_nothing_leaks(json.dumps(body), caplog, stack=case.logs_a_stack)


def assert_nothing_leaks(
    body: str, caplog: pytest.LogCaptureFixture, *, stack: bool = False
) -> None:
    """The body tells nothing of secrets, foreign words or our insides; the log tells no secret."""
    assert [word for word in [*SECRETS, *FOREIGN] if word in body] == []
    assert [word for word in SECRETS if word in caplog.text] == []
    assert stack or "Traceback" not in caplog.text


UNKNOWNS = {
    "deadline": submitting(Script(silent=True)),
    "drip": submitting(Script(drip=True)),
    "cut": submitting(Script(cut=True)),
    "500": submitting(Script(status=500)),
    "503": submitting(Script(status=503, headers={"Retry-After": "1"})),
    "202": submitting(Script(status=202)),
    "redirect": submitting(Script(status=302, headers={"Location": "/elsewhere"})),
    "html": submitting(HTML),
    "half": submitting(Script(status=200, body=b"{")),
    "schema": submitting(Script(status=200, body=b'{"status": "perhaps"}')),
    "bare-no": submitting(Script(status=200, body=b'{"success": false}')),
    "size": submitting(Script(status=200, body=b'{"x": "' + b"x" * 5_000_000 + b'"}')),
    "mcp-202": submitting_over_mcp("handshake", lambda it: it.raw(status=202)),
    "mcp-503": submitting_over_mcp("stateless", lambda it: it.raw(status=503)),
    "mcp-rpc-error": submitting_over_mcp("stateless", lambda it: it.json(it.error(-32603))),
    "mcp-foreign-id": submitting_over_mcp(
        "handshake", lambda it: it.json(it.result() | {"id": "another"})
    ),
    "mcp-broken-stream": submitting_over_mcp("stateless", lambda it: it.break_off()),
    "mcp-bare-error": submitting_over_mcp(
        "handshake", lambda it: it.json(it.result(isError=True, content=[]))
    ),
    "mcp-input-required": submitting_over_mcp(
        "stateless", lambda it: it.json(it.result(resultType="input_required"))
    ),
}


@pytest.mark.parametrize("mishap", [pytest.param(one, id=name) for name, one in UNKNOWNS.items()])
def test_answers_a_registration_of_unknown_outcome_with_a_turn(
    world: World, caplog: pytest.LogCaptureFixture, mishap: Mishap
) -> None:
    answer = mishap(world)

    turn, receipt = answer.json(), RegistrationSubmission.objects.get()
    assert (answer.status_code, answer["Content-Type"]) == (202, "application/json")
    assert turn["message"] == UNKNOWN
    assert turn["meta"]["code"] == "submission_outcome_unknown"
    assert turn["meta"]["status_url"] == f"/api/v1/submissions/{receipt.pk}"
    assert (turn["session"]["status"], receipt.status) == ("outcome_unknown", "outcome_unknown")
    assert_nothing_leaks(answer.content.decode(), caplog)


@pytest.mark.parametrize(
    ("mishap", "reason"),
    [
        pytest.param(with_tools.reading_from_nobody, "unavailable", id="nobody-listens"),
        pytest.param(reading(Script(status=500)), "unavailable", id="500"),
        pytest.param(reading(Script(cut=True)), "unavailable", id="cut"),
        pytest.param(with_tools.reading_a_tool_that_is_missing, "tool_missing", id="missing"),
        pytest.param(with_tools.reading_while_the_circuit_is_open, "circuit_open", id="circuit"),
    ],
)
def test_answers_a_read_with_samples_where_they_may_stand_in(
    world: World, caplog: pytest.LogCaptureFixture, mishap: Mishap, reason: str
) -> None:
    assert world.server
    world.settings.MCP_FALLBACK = True

    answer = mishap(world)

    turn = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    meta = {name: turn["meta"][name] for name in ("source", "degraded", "fallback_reason", "code")}
    assert meta == {"source": "mock", "degraded": True, "fallback_reason": reason, "code": None}
    assert "sample data" in turn["message"]
    assert turn["cards"]
    assert_nothing_leaks(answer.content.decode(), caplog)


def test_has_a_case_for_every_code_of_the_product() -> None:
    elsewhere = {"submission_outcome_unknown"}  # a Turn: see above
    shown_as_another = {*SHOWN_AS, "provider_rejected"}
    assert set(CATALOGUE) - set(CODES) == elsewhere | shown_as_another
    assert {case.code for case in CASES.values()} == set(CODES)
