"""Confirming a registration…"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.actions import Action
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from credentials.models import StoredCredential
from orchestrator.flow.answers import participant_of
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import calls
from orchestrator.services.settling import Settling
from orchestrator.submissions import ledger
from orchestrator.tools.contract import Tool
from orchestrator.tools.toolbox import get_toolbox
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from sessions_store.services import LEASE
from tests.orchestrator.chat import ANSWERS, FULL, SATURDAY, Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

SUBMIT = Tool.SUBMIT_REGISTRATION.mcp_name
UNKNOWN = (
    "This is taking longer than expected. We are checking whether your registration went through. "
    "Please do not submit it again."
)


def confirm(chat: Chat) -> None:
    if not chat.id or chat.step != "confirmation":
        chat.walk_to("confirmation")
    chat.press("confirm_registration", summary=chat.summary)


def receipt() -> RegistrationSubmission:
    return RegistrationSubmission.objects.get()


def test_sends_the_rows_id_as_the_idempotency_key(chat: Chat, server: ToolsCallServer) -> None:
    confirm(chat)
    assert chat.last["session"]["status"] == "completed"
    [call] = [call for call in server.calls if call.tool == SUBMIT]
    assert call.args["idempotency_key"] == str(receipt().pk)
    assert call.args["answers"] == ANSWERS
    assert set(call.args["credentials"]) == {"email", "password"}


def test_shows_the_receipt_to_its_parent_alone(chat: Chat, stranger: User) -> None:
    confirm(chat)
    [shown] = chat.client.get("/api/v1/submissions").json()["results"]
    assert set(shown) == {
        "id",
        "status",
        "session_id",
        "provider",
        "org_ref",
        "program_ref",
        "confirmation_ref",
        "message",
        "created_at",
        "updated_at",
    }
    assert shown["status"] == "confirmed"
    assert chat.client.get(f"/api/v1/submissions/{shown['id']}").json() == shown
    theirs = Chat(stranger).client
    assert theirs.get("/api/v1/submissions").json() == {"results": [], "next": None}
    answer = theirs.get(f"/api/v1/submissions/{shown['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_keeps_no_name_of_the_child_in_the_receipt(chat: Chat) -> None:
    confirm(chat)
    stored = str(RegistrationSubmission.objects.values().get())
    assert "Emma" not in stored
    assert len(receipt().participant) == 64


def test_refuses_the_button_of_another_window(chat: Chat) -> None:
    chat.walk_to("confirmation")
    old = chat.summary
    chat.press("edit_form")
    chat.press("submit_form", answers=ANSWERS | {"child_name": "Ole"})
    chat.press("confirm_registration", summary=old)
    assert (chat.status, chat.last["code"]) == (409, "session_conflict")
    assert chat.last["turn"]["session"]["step"] == "confirmation"
    assert not RegistrationSubmission.objects.exists()


def test_refuses_the_same_child_and_program_in_a_second_session(chat: Chat, parent: User) -> None:
    confirm(chat)
    second = Chat(parent)
    second.begin()
    second.say("Blackhawk")
    second.press("select_provider", org_ref="blackhawk-ski")
    saved = StoredCredential.objects.get()
    second.press("credentials_submitted", credential_id=str(saved.pk))
    second.press("select_program", program_ref=SATURDAY)
    second.press("complete_prereqs")
    second.press("submit_form", answers=ANSWERS | {"child_name": "  emma   LARSEN "})
    second.press("confirm_registration", summary=second.summary)
    assert (second.status, second.last["code"]) == (409, "already_registering")
    assert second.last["detail"] == "You already have a registration for this program."
    assert second.last["status_url"] == f"/api/v1/submissions/{receipt().pk}"
    assert second.read()["status"] == "open"
    assert "registration_submitted" not in second.trail()


def test_lets_a_sibling_join(chat: Chat, parent: User) -> None:
    confirm(chat)
    second = Chat(parent)
    second.begin()
    second.say("Blackhawk")
    second.press("select_provider", org_ref="blackhawk-ski")
    saved = StoredCredential.objects.get()
    second.press("credentials_submitted", credential_id=str(saved.pk))
    second.press("select_program", program_ref=SATURDAY)
    second.press("complete_prereqs")
    second.press("submit_form", answers=ANSWERS | {"child_name": "Ole Larsen"})
    second.press("confirm_registration", summary=second.summary)
    assert second.last["session"]["status"] == "completed"


def test_ends_a_full_program_in_the_fixed_sentence(any_chat: Chat) -> None:
    any_chat.walk_to("confirmation", program=FULL)
    confirm(any_chat)
    assert (any_chat.status, any_chat.last["code"]) == (422, "program_full")
    assert any_chat.last["detail"] == "This program is full."
    assert [button["action"] for button in any_chat.last["cta"]] == ["change_program"]
    left = any_chat.read()["last_turn"]
    assert left["message"] == "This program is full."
    assert [button["action"] for button in left["cta"]] == ["change_program", "cancel_registration"]
    assert receipt().status == "rejected"
    session = any_chat.read()
    assert (session["step"], session["status"]) == ("confirmation", "open")
    assert any_chat.trail()[-2:] == ["tool_failed", "registration_rejected"]
    any_chat.press("change_program")
    assert any_chat.step == "program_selection"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("registration_closed", "Registration for this program is closed."),
        ("already_registered", "This child is already registered for this program."),
        ("prerequisite_missing", "Something is still missing for this program."),
        ("invalid_answers", "The provider did not accept some answers."),
        ("too_young", "The provider did not accept this registration."),
    ],
)
def test_says_in_a_fixed_sentence_why_the_provider_refused(
    chat: Chat, server: ToolsCallServer, code: str, sentence: str
) -> None:
    server.script(SUBMIT, Script(refuse=code))
    confirm(chat)
    assert (chat.status, chat.last["code"], chat.last["detail"]) == (422, code, sentence)
    assert receipt().status == "rejected"


def test_goes_back_to_login_when_the_login_is_refused(chat: Chat, server: ToolsCallServer) -> None:
    server.script(SUBMIT, Script(refuse="login_failed"))
    confirm(chat)
    assert (chat.status, chat.last["code"]) == (422, "login_failed")
    assert chat.read()["step"] == "login"


def test_says_that_nothing_was_sent_when_nobody_listens(
    chat: Chat, server: ToolsCallServer
) -> None:
    chat.walk_to("confirmation")
    server.stop()
    confirm(chat)
    assert (chat.status, chat.last["code"]) == (503, "submission_not_sent")
    assert chat.last["detail"] == (
        "Your registration was not sent. Nothing was booked. Please try again shortly."
    )
    assert receipt().status == "not_created"
    assert chat.trail()[-1] == "registration_not_sent"
    session = chat.read()
    assert (session["step"], session["status"]) == ("confirmation", "open")
    assert session["last_turn"]["meta"]["code"] == "submission_not_sent"


@pytest.mark.parametrize(
    "script",
    [Script(cut=True), Script(status=500), Script(silent=True), Script(status=200, body=b"<html>")],
)
def test_says_that_nobody_knows_and_never_sends_it_again(
    chat: Chat, server: ToolsCallServer, script: Script
) -> None:
    server.script(SUBMIT, script)
    confirm(chat)
    assert chat.status == 202
    assert chat.last["message"] == UNKNOWN
    assert chat.last["meta"]["code"] == "submission_outcome_unknown"
    assert chat.last["meta"]["status_url"] == f"/api/v1/submissions/{receipt().pk}"
    assert chat.last["session"]["status"] == "outcome_unknown"
    assert server.count(SUBMIT) == 1
    assert receipt().status == "outcome_unknown"
    assert chat.trail()[-1] == "registration_outcome_unknown"
    first = chat.last

    chat.press("confirm_registration", summary="whatever")
    assert (chat.status, chat.last) == (202, first)
    for action in ("change_program", "cancel_registration", "edit_form"):
        chat.press(action)
        assert (chat.status, chat.last["code"]) == (409, "submission_in_progress")
    chat.say("confirm")
    assert (chat.status, chat.last["code"]) == (409, "submission_in_progress")
    answer = chat.client.delete(f"/api/v1/sessions/{chat.id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "submission_in_progress")
    assert chat.read()["last_turn"] == first
    chat.press("reset")
    assert chat.last["session"]["step"] == "provider_search"
    assert chat.read()["status"] == "outcome_unknown"
    assert server.count(SUBMIT) == 1


def test_never_confirms_a_plan_of_samples_in_real_mode(
    chat: Chat, settings: Settings, request: pytest.FixtureRequest
) -> None:
    chat.walk_to("confirmation")
    summary = chat.summary
    server: ToolsCallServer = request.getfixturevalue("server")
    opened = MandateAudit.objects.filter(action="credentials_accessed").count()
    get_toolbox.cache_clear()
    chat.press("confirm_registration", summary=summary)
    assert (chat.status, chat.last["code"]) == (409, "mock_data_not_submittable")
    assert chat.last["detail"] == "This plan used sample data. Please search again."
    chat.press("change_program")
    chat.press("select_program", program_ref=SATURDAY)
    assert (chat.status, chat.last["meta"]["source"]) == (200, "mock")
    assert server.calls == []
    assert MandateAudit.objects.filter(action="credentials_accessed").count() == opened
    assert not RegistrationSubmission.objects.exists()


def test_cannot_store_a_sample_as_a_real_booking(chat: Chat) -> None:
    confirm(chat)
    with pytest.raises(IntegrityError), transaction.atomic():
        RegistrationSubmission.objects.update(is_real=True)


def test_is_not_done_when_it_cannot_be_recorded(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")

    def refuse(*_: Any, **__: Any) -> None:
        raise AuditUnavailableError

    with monkeypatch.context() as broken:
        broken.setattr(ledger, "record", refuse)
        confirm(chat)
    assert (chat.status, chat.last["code"]) == (503, "audit_unavailable")
    assert server.count(SUBMIT) == 0
    assert not RegistrationSubmission.objects.exists()
    assert (chat.read()["step"], chat.last["status"]) == ("confirmation", "open")


@pytest.mark.parametrize("times", [1, 2])
def test_records_the_call_with_its_outcome_where_that_failed_at_first(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    chat.walk_to("confirmation")
    before = MandateAudit.objects.filter(action="tool_succeeded").count()
    failed: list[str] = []

    really_record = store.record_for

    def record(session: AgenticCheckoutSession, action: Action, **said: Any) -> None:
        if action is Action.TOOL_SUCCEEDED and len(failed) < times:
            failed.append(action)
            raise AuditUnavailableError
        really_record(session, action, **said)

    with monkeypatch.context() as broken:
        broken.setattr(store, "record_for", record)
        confirm(chat)
    assert (chat.status, len(failed)) == (200, times)
    assert receipt().status == "confirmed"
    assert MandateAudit.objects.filter(action="tool_succeeded").count() == before + 1
    assert MandateAudit.objects.filter(action="registration_completed").count() == 1


def test_is_not_sent_when_the_login_cannot_be_opened(
    chat: Chat, server: ToolsCallServer, settings: Settings
) -> None:
    chat.walk_to("confirmation")
    StoredCredential.objects.update(ciphertext="sa1.0000000000000000.AAAA")
    confirm(chat)
    assert (chat.status, chat.last["code"]) == (500, "credential_unreadable")
    assert server.count(SUBMIT) == 0
    assert receipt().status == "not_created"
    [replace, *_] = chat.last["cta"]
    assert (replace["action"], replace["payload"]["replace"]) == ("show_login_dialog", True)
    assert (chat.read()["step"], chat.last["status"]) == ("login", "open")


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it, nothing cleans up after it."""


def die_at(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr(owner, name, die)


def after_the_lease() -> None:
    AgenticCheckoutSession.objects.update(turn_until=timezone.now() - timedelta(seconds=1))


def test_puts_the_session_back_when_it_was_interrupted_before_sending(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    summary = chat.summary
    with monkeypatch.context() as patch:
        die_at(patch, calls, "open_login")
        with pytest.raises(Killed):
            chat.press("confirm_registration", summary=summary)
    assert receipt().status == "intent"
    chat.press("confirm_registration", summary=summary)
    assert (chat.status, chat.last["code"]) == (409, "turn_in_progress")
    after_the_lease()
    chat.press("confirm_registration", summary=summary)
    assert chat.last["session"]["status"] == "completed"
    assert server.count(SUBMIT) == 1
    assert list(
        RegistrationSubmission.objects.order_by("created_at").values_list("status", flat=True)
    ) == ["not_created", "confirmed"]


@pytest.mark.parametrize(("owner", "name"), [(calls, "call"), (Settling, "booked")])
def test_does_not_know_when_it_was_interrupted_after_sending(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    chat.walk_to("confirmation")
    with monkeypatch.context() as patch:
        die_at(patch, owner, name)
        with pytest.raises(Killed):
            confirm(chat)
    assert receipt().status == "sent"
    sent = server.count(SUBMIT)
    after_the_lease()
    chat.press("confirm_registration", summary="again")
    assert (chat.status, chat.last["meta"]["code"]) == (202, "submission_outcome_unknown")
    assert server.count(SUBMIT) == sent
    assert receipt().status == "outcome_unknown"


def test_follows_a_registration_that_was_settled_meanwhile(
    chat: Chat, server: ToolsCallServer
) -> None:
    server.script(SUBMIT, Script(cut=True))
    confirm(chat)
    ledger.settle(
        receipt(),
        SubmissionStatus.CONFIRMED,
        of=[SubmissionStatus.OUTCOME_UNKNOWN],
        at=timezone.now(),
        booking={"status": "confirmed", "confirmation_ref": "R-1", "message": None},
        source="mcp",
    )
    chat.press("confirm_registration", summary="again")
    assert (chat.status, chat.last["code"]) == (409, "session_closed")
    assert "R-1" in chat.last["turn"]["cards"][0]["subtitle"]
    assert chat.read()["status"] == "completed"


def test_settles_a_registration_once(chat: Chat) -> None:
    confirm(chat)
    settled = ledger.settle(
        receipt(),
        SubmissionStatus.OUTCOME_UNKNOWN,
        of=[SubmissionStatus.SENT],
        at=timezone.now(),
    )
    assert settled is False
    assert receipt().status == "confirmed"


def test_outlasts_any_single_lease() -> None:
    assert timedelta(seconds=60) < LEASE  # a tool call is limited to less


def test_names_the_session_in_the_receipt(chat: Chat) -> None:
    confirm(chat)
    assert receipt().session_id == UUID(chat.id)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_does_not_lose_a_booking_over_one_failed_write(
    chat: Chat,
    server: ToolsCallServer,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    chat.walk_to("confirmation")
    really_settle = ledger.settle
    failed: list[Exception] = []

    def settle(*args: Any, **kwargs: Any) -> bool:
        if not failed:
            failed.append(error("database is locked"))
            raise failed[0]
        return really_settle(*args, **kwargs)

    monkeypatch.setattr(ledger, "settle", settle)
    confirm(chat)
    assert chat.last["session"]["status"] == "completed"
    assert receipt().confirmation_ref in str(server.bookings)


@pytest.mark.parametrize("error", [InterfaceError, RuntimeError])
def test_never_invites_to_repeat_what_was_sent(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    chat.walk_to("confirmation")

    def settle(*_: Any, **__: Any) -> bool:
        raise error

    monkeypatch.setattr(ledger, "settle", settle)
    confirm(chat)
    assert (chat.status, chat.last["meta"]["code"]) == (202, "submission_outcome_unknown")
    version = AgenticCheckoutSession.objects.get().version
    assert chat.response["ETag"] == f'"{version}"'


@pytest.mark.parametrize(
    "code", ["session_expired", "internal_error", "rate_limited", "submission_outcome_unknown"]
)
def test_lets_no_provider_speak_with_our_codes(
    chat: Chat, server: ToolsCallServer, code: str
) -> None:
    server.script(SUBMIT, Script(refuse=code))
    confirm(chat)
    assert (chat.status, chat.last["code"]) == (422, "provider_rejected")
    assert (chat.last["redirect"], chat.last["retryable"]) == (None, False)
    assert "Retry-After" not in chat.response


def test_knows_a_child_in_every_spelling_of_unicode() -> None:
    user_id = uuid4()
    composed, decomposed = "Zo\u00eb Ma\u00df", "zoe\u0308  mass"
    names = [
        participant_of([], {"child_name": name}) for name in (composed, decomposed, "ZO\u00cb MASS")
    ]
    assert len({ledger.participant_key(name, user_id) for name in names}) == 1
    assert ledger.participant_key(names[0], uuid4()) != ledger.participant_key(names[0], user_id)


def test_says_where_it_stands_when_the_login_was_deleted(chat: Chat) -> None:
    chat.walk_to("confirmation")
    StoredCredential.objects.all().delete()
    confirm(chat)
    assert (chat.status, chat.last["code"]) == (409, "action_not_available")
    assert chat.last["turn"]["session"]["step"] == "login"
    assert chat.last["turn"]["meta"]["code"] == "action_not_available"
    assert receipt().status == "not_created"


def test_offers_to_replace_a_login_that_is_refused_at_the_end(
    chat: Chat, server: ToolsCallServer
) -> None:
    server.script(SUBMIT, Script(refuse="login_failed"))
    confirm(chat)
    [replace, *_] = chat.last["cta"]
    assert (replace["action"], replace["payload"]["replace"]) == ("show_login_dialog", True)
    assert chat.read()["last_turn"]["cards"][0]["buttons"][0] == replace


def test_looks_again_when_the_other_registration_is_settled_this_moment(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    really_intend = ledger.intend
    refused: list[bool] = []

    def intend(*args: Any, **kwargs: Any) -> RegistrationSubmission:
        if not refused:
            refused.append(True)
            raise ledger.AlreadyRegisteringError(None)
        return really_intend(*args, **kwargs)

    monkeypatch.setattr(ledger, "intend", intend)
    confirm(chat)
    assert chat.last["session"]["status"] == "completed"
