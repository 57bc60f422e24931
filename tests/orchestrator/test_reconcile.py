"""Finding out what became of an unclear registration…"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission
from orchestrator.services import reconciling
from tests.orchestrator.chat import ANSWERS, CHILD, Chat
from tests.orchestrator.unclear import (
    A_DAY,
    FIRST,
    LOOK_UP,
    SIX_HOURS,
    SUBMIT,
    TEN,
    another,
    leave_unclear,
    look,
    moment,
    patient_server,
    records,
)
from tests.servers.tools_call_server import Script, ToolsCallServer

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use."""
    yield from patient_server(settings)


# --- A server that honours keys ------------------------------------------------------------------


@pytest.mark.parametrize("booked", [True, False])
def test_sends_the_same_key_again_and_books_once(
    chat: Chat, server: ToolsCallServer, booked: bool
) -> None:
    row = leave_unclear(chat, server, booked=booked)
    tally = look(row, FIRST)
    assert (row.status, row.attempts) == ("confirmed", 2)
    assert server.booked == [str(row.pk)]
    first, second = (call.args for call in server.calls if call.tool == SUBMIT)
    assert first == second
    assert second["answers"] == ANSWERS
    assert dict(tally.now) == {"confirmed": 1}


def test_shows_the_parent_the_receipt(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    status_url = chat.last["meta"]["status_url"]
    look(row, FIRST)
    assert chat.client.get(status_url).json()["confirmation_ref"] == row.confirmation_ref
    turn = chat.read()["last_turn"]
    assert (chat.last["status"], chat.last["step"]) == ("completed", "completed")
    assert row.confirmation_ref in str(turn["cards"])
    assert turn["meta"]["source"] == "mcp"
    assert (row.news_at is not None, row.told_at, row.mailed_at) == (True, None, None)


def test_leaves_it_alone_before_its_time(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    tally = look(row, FIRST - SECOND)
    assert tally.looked_at == 0
    assert (row.status, server.count(SUBMIT), server.lists) == ("outcome_unknown", 1, 0)


@pytest.mark.once
def test_sends_it_after_a_minute_ten_minutes_and_six_hours_and_no_more(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=False)
    server.script(SUBMIT, Script(status=500))
    minutes = [*range(15), *range(355, 365), 1439]
    sends = []
    for at in (minute * MINUTE for minute in minutes):
        before = row.attempts
        look(row, at)
        sends += [at] * (row.attempts - before)
    assert sends == [FIRST, TEN, SIX_HOURS]
    assert server.count(SUBMIT) == 4
    look(row, A_DAY)
    assert (row.status, row.error_code) == ("needs_operator", "no_answer_in_24_hours")
    assert server.count(SUBMIT) == 4


def test_makes_up_for_missed_sends_minutes_apart(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=False)
    server.script(SUBMIT, Script(status=500))
    late = timedelta(hours=7)
    for minutes in range(15):
        look(row, late + minutes * MINUTE)
    assert row.attempts == 4
    assert row.check_at == moment(row, A_DAY)


@pytest.mark.once
@pytest.mark.parametrize(
    "code", ["program_full", "registration_closed", "prerequisite_missing", "invalid_answers"]
)
def test_takes_the_no_to_a_second_send_for_an_answer(
    chat: Chat, server: ToolsCallServer, code: str
) -> None:
    row = leave_unclear(chat, server, booked=False)
    server.script(SUBMIT, Script(refuse=code))
    look(row, FIRST)
    assert (row.status, row.error_code) == ("rejected", code)
    assert (chat.read()["status"], chat.last["step"]) == ("open", "confirmation")
    [refusal] = records("registration_rejected")
    assert (refusal.actor, refusal.metadata["error_code"]) == ("system", code)


@pytest.mark.once
@pytest.mark.parametrize("code", ["login_failed", "idempotency_key_in_progress", "not_found"])
def test_does_not_take_every_no_for_an_answer(
    chat: Chat, server: ToolsCallServer, code: str
) -> None:
    row = leave_unclear(chat, server, booked=True)
    server.script(SUBMIT, Script(refuse=code), times=1)
    look(row, FIRST)
    assert (row.status, row.check_at) == ("outcome_unknown", moment(row, TEN))
    look(row, TEN)
    assert row.status == "confirmed"
    assert len(server.booked) == 1


def test_leaves_it_to_a_person_whether_the_child_was_registered_by_the_first_send(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=True)
    server.script(SUBMIT, Script(refuse="already_registered"))
    look(row, FIRST)
    assert (row.status, row.error_code) == ("needs_operator", "already_registered")


@pytest.mark.parametrize("arrived", [True, False])
def test_looks_up_whose_registration_it_is_that_the_provider_has_already(
    chat: Chat, server: ToolsCallServer, arrived: bool
) -> None:
    row = leave_unclear(chat, server, booked=arrived)
    server.looks_up = True
    server.script(LOOK_UP, Script(refuse="not_found"), times=1)
    server.script(SUBMIT, Script(refuse="already_registered"))
    look(row, FIRST)
    assert row.status == ("confirmed" if arrived else "needs_operator")
    assert server.count(LOOK_UP) == 2


@pytest.mark.parametrize("looks_up", [True, False])
def test_tries_again_in_a_minute_what_never_left(
    chat: Chat,
    server: ToolsCallServer,
    monkeypatch: pytest.MonkeyPatch,
    looks_up: bool,
) -> None:
    row = leave_unclear(chat, server, booked=False)
    server.looks_up = looks_up
    server.script(SUBMIT, Script(status=429))  # says itself that it did nothing
    look(row, FIRST)
    assert (row.status, row.attempts) == ("outcome_unknown", 1)
    assert row.check_at is not None
    assert row.check_at - moment(row, FIRST) < MINUTE
    server.script(SUBMIT, Script())
    look(row, FIRST + MINUTE)
    assert (row.status, row.attempts) == ("confirmed", 2)


def test_looks_first_where_it_can_before_it_sends(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    server.looks_up = True
    look(row, FIRST)
    assert (row.status, row.attempts) == ("confirmed", 1)
    assert (server.count(LOOK_UP), server.count(SUBMIT)) == (1, 1)


def test_sends_it_although_the_look_up_is_broken(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    server.looks_up = True
    server.script(LOOK_UP, Script(refuse="out_of_order"))
    look(row, FIRST)
    assert (row.status, row.attempts, row.lookups) == ("confirmed", 2, 0)


def test_looks_between_the_sends(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=False)
    server.looks_up = True
    server.script(SUBMIT, Script(status=500), times=1)
    look(row, FIRST)
    assert row.check_at == moment(row, timedelta(minutes=5))
    server.run(SUBMIT, next(call.args for call in server.calls if call.tool == SUBMIT))
    look(row, timedelta(minutes=5))
    assert (row.status, row.attempts) == ("confirmed", 2)


@pytest.mark.once
def test_never_says_that_nothing_was_booked_after_it_was_sent_twice(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=False)
    server.looks_up = True
    server.script(SUBMIT, Script(status=500))
    look(row, FIRST)
    server.lists_keys = False
    for minutes in range(2, 60):
        look(row, minutes * MINUTE)
    assert row.lookups >= 3
    assert row.status == "outcome_unknown"
    look(row, A_DAY)
    assert row.status == "needs_operator"


# --- A server that only looks up ------------------------------------------------------------------


@pytest.fixture
def register(server: ToolsCallServer) -> ToolsCallServer:
    """A server that knows no keys, and can say what it has booked."""
    server.lists_keys = server.honours_keys = False
    server.looks_up = True
    return server


def test_finds_what_was_booked(chat: Chat, register: ToolsCallServer) -> None:
    row = leave_unclear(chat, register, booked=True)
    look(row, FIRST)
    assert row.status == "confirmed"
    assert row.confirmation_ref == register.bookings[str(row.pk)]["confirmation_ref"]
    assert register.count(SUBMIT) == 1
    assert chat.read()["status"] == "completed"


def test_finds_a_place_on_the_waiting_list(chat: Chat, register: ToolsCallServer) -> None:
    row = leave_unclear(chat, register, booked=False)
    body = b'{"status": "waitlisted", "confirmation_ref": "W-1"}'
    register.script(LOOK_UP, Script(status=200, body=body))
    look(row, FIRST)
    assert (row.status, row.confirmation_ref) == ("waitlisted", "W-1")
    assert len(records("registration_waitlisted")) == 1


@pytest.mark.once
@pytest.mark.parametrize(
    "body", [b'{"status": "pending", "confirmation_ref": "W-1"}', b'{"status": "confirmed"}', b"?"]
)
def test_takes_no_half_answer_for_one(chat: Chat, register: ToolsCallServer, body: bytes) -> None:
    row = leave_unclear(chat, register, booked=False)
    register.script(LOOK_UP, Script(status=200, body=body))
    look(row, FIRST)
    assert (row.status, row.lookups) == ("outcome_unknown", 0)


def test_says_that_nothing_was_booked_after_ten_minutes_and_three_empty_look_ups(
    chat: Chat, register: ToolsCallServer
) -> None:
    row = leave_unclear(chat, register, booked=False)
    asked = []
    for seconds in range(0, 660, 30):
        before = register.count(LOOK_UP)
        look(row, timedelta(seconds=seconds))
        asked += [seconds] * (register.count(LOOK_UP) - before)
        assert row.status == ("outcome_unknown" if seconds < 600 else "not_created")
    assert asked == [60, 300, 600]
    assert register.count(SUBMIT) == 1
    turn = chat.read()["last_turn"]
    assert (chat.last["status"], chat.last["step"]) == ("open", "confirmation")
    assert "Nothing was booked" in turn["message"]
    chat.last = turn
    chat.press("confirm_registration", summary=chat.summary)
    assert chat.last["session"]["status"] == "completed"
    assert len(register.booked) == 1


def test_asks_on_every_ten_minutes_until_it_asked_often_enough(
    chat: Chat, register: ToolsCallServer
) -> None:
    row = leave_unclear(chat, register, booked=False)
    look(row, timedelta(minutes=12))
    assert (row.status, row.check_at) == ("outcome_unknown", moment(row, timedelta(minutes=20)))
    look(row, timedelta(minutes=20))
    assert (row.status, row.check_at) == ("outcome_unknown", moment(row, timedelta(minutes=30)))
    look(row, timedelta(minutes=30))
    assert row.status == "not_created"


@pytest.mark.once
@pytest.mark.parametrize(
    "script", [Script(status=500), Script(refuse="out_of_order"), Script(cut=True)]
)
def test_does_not_count_a_look_up_without_an_answer(
    chat: Chat, register: ToolsCallServer, script: Script
) -> None:
    row = leave_unclear(chat, register, booked=False)
    look(row, FIRST)
    register.script(LOOK_UP, script)
    look(row, timedelta(minutes=5))
    assert (row.lookups, row.status) == (1, "outcome_unknown")
    assert row.check_at is not None
    assert row.check_at - moment(row, timedelta(minutes=5)) < MINUTE
    register.script(LOOK_UP, Script())
    look(row, TEN)
    assert (row.lookups, row.status) == (2, "outcome_unknown")


def test_knows_what_arrived_late(chat: Chat, register: ToolsCallServer) -> None:
    row = leave_unclear(chat, register, booked=False)
    look(row, FIRST)
    look(row, timedelta(minutes=5))
    register.run(SUBMIT, next(call.args for call in register.calls if call.tool == SUBMIT))
    look(row, TEN)
    assert row.status == "confirmed"


def test_looks_a_last_time_before_it_gives_up(chat: Chat, register: ToolsCallServer) -> None:
    row = leave_unclear(chat, register, booked=True)
    look(row, 2 * A_DAY)
    assert row.status == "confirmed"


# --- A server that can do neither -----------------------------------------------------------------


def test_leaves_it_to_a_person_where_nothing_can_be_found_out(
    chat: Chat, server: ToolsCallServer
) -> None:
    server.lists_keys = server.honours_keys = False
    row = leave_unclear(chat, server, booked=True)
    look(row, FIRST)
    assert (row.status, row.error_code) == ("needs_operator", "no_way_to_ask")
    assert server.count(SUBMIT) == 1
    [alarm] = records("registration_needs_operator")
    assert (alarm.actor, alarm.metadata["reason"]) == ("system", "no_way_to_ask")
    session = chat.read()
    assert session["status"] == "outcome_unknown"
    assert session["last_turn"]["message"].startswith("A person is checking with the provider")
    said = chat.client.get(f"/api/v1/submissions/{row.pk}").json()
    assert said["message"].startswith("A person is checking")
    assert row.check_at is None


# --- In every case --------------------------------------------------------------------------------


def test_decides_nothing_while_the_server_does_not_say_what_it_can(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=True)
    server.token = "another token"
    tally = look(row, FIRST)
    assert (row.status, tally.unasked) == ("outcome_unknown", 1)
    assert server.count(SUBMIT) == 1
    assert len(records("credentials_accessed")) == _openings_by_parents()
    server.token = "a-test-token"
    look(row, FIRST + MINUTE)
    assert row.status == "confirmed"


def _openings_by_parents() -> int:
    rows = MandateAudit.objects.filter(action="credentials_accessed")
    return rows.filter(actor__startswith="user:").count()


def test_gives_up_after_a_day_although_nobody_could_be_asked(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=True)
    server.token = "another token"
    look(row, A_DAY - SECOND)
    assert row.status == "outcome_unknown"
    look(row, A_DAY + MINUTE)
    assert row.status == "needs_operator"


def test_goes_by_what_the_server_lists_now(chat: Chat, server: ToolsCallServer) -> None:
    server.lists_keys = False
    server.looks_up = True
    row = leave_unclear(chat, server, booked=False)
    look(row, FIRST)
    assert (row.lookups, row.attempts) == (1, 1)
    server.lists_keys, server.looks_up = True, False
    look(row, timedelta(minutes=5))
    assert (row.status, row.attempts) == ("confirmed", 2)


def test_asks_once_a_run_what_the_server_can(
    chat: Chat, server: ToolsCallServer, parent: Any
) -> None:
    row = leave_unclear(chat, server, booked=True)
    other = Chat(parent)
    other.begin()
    other.say("Blackhawk")
    other.press("select_provider", org_ref="blackhawk-ski")
    other.press("connect_account")
    other.press("credentials_submitted", credential_id=other.save_login(alias="Second"))
    other.press("select_program", program_ref="blackhawk-saturday-nordic")
    other.press("complete_prereqs")
    other.press("submit_form", answers=ANSWERS | {"child_name": "Ole Larsen"})
    leave_unclear(other, server, booked=False)
    listed = server.lists
    look(row, FIRST + SECOND * 10)
    assert server.lists == listed + 1
    assert set(RegistrationSubmission.objects.values_list("status", flat=True)) == {"confirmed"}
    assert len(server.booked) == 2


def test_records_the_opening_and_the_call_as_the_systems(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=True)
    server.looks_up = True
    server.script(LOOK_UP, Script(refuse="not_found"), times=1)
    look(row, FIRST)
    mine = MandateAudit.objects.filter(actor="system", session_id=row.session_id)
    told = {entry.action: entry for entry in mine}
    assert set(told) == {
        "registration_outcome_unknown",
        "tool_failed",
        "credentials_accessed",
        "tool_succeeded",
        "registration_completed",
    }
    assert told["credentials_accessed"].metadata["purpose"] == "submit_registration"
    assert told["tool_failed"].metadata["error_code"] == "not_found"
    assert told["tool_succeeded"].metadata["tool"] == "submit_registration"
    assert told["tool_succeeded"].credential_id == told["credentials_accessed"].credential_id
    assert {entry.user_id for entry in mine} == {row.user_id}


def test_keeps_the_request_sealed_and_only_as_long_as_it_may_be_sent(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=True)
    assert row.sealed_request.startswith("sa1.")
    assert CHILD not in str(RegistrationSubmission.objects.values().get())
    look(row, FIRST)
    assert row.sealed_request == ""
    assert (row.lease_token, row.lease_until, row.check_at) == (None, None, None)


@pytest.mark.once
def test_writes_no_secret_to_the_log(
    chat: Chat, server: ToolsCallServer, caplog: pytest.LogCaptureFixture
) -> None:
    row = leave_unclear(chat, server, booked=False)
    with caplog.at_level("DEBUG"):
        look(row, FIRST)
    for canary in (CHILD, "pass word 1", "pat@ski.example", ANSWERS["emergency_phone"]):
        assert canary not in caplog.text
    assert CHILD not in str(MandateAudit.objects.values_list("metadata", flat=True))


def test_looks_at_one_that_was_given_no_time(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    RegistrationSubmission.objects.update(check_at=None)
    look(row, FIRST)
    assert row.status == "confirmed"


def test_stops_beginning_new_ones_when_its_time_is_up(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    tally = reconciling.reconcile(at=moment(row, FIRST), max_seconds=0)
    assert (tally.left, tally.looked_at) == (1, 0)
    assert server.count(SUBMIT) == 1


def test_looks_at_so_many_a_run_and_counts_the_others(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "MOST_PER_RUN", 2)
    row = leave_unclear(chat, server, booked=True)
    for number in range(2):
        another(row, number)
    first, second = look(row, FIRST), look(row, FIRST)
    assert [(run.looked_at, run.left) for run in (first, second)] == [(2, 1), (1, 0)]


def test_keeps_what_was_shown_of_club_and_program(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    assert row.org_name == "Blackhawk Ski Club"
    assert row.program_title
