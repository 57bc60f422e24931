"""Confirming a registration while something fails…"""

from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from pytest_django import Settings

from audit.actions import Action
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import calls
from orchestrator.services.settling import Settling
from orchestrator.submissions import ledger
from orchestrator.tools.contract import Tool
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat, receipt
from tests.servers.tools_call_server import Script, ToolsCallServer

SUBMIT = Tool.SUBMIT_REGISTRATION.mcp_name
UNKNOWN = (
    "This is taking longer than expected. We are checking whether your registration went through. "
    "Please do not submit it again."
)


def test_goes_back_to_login_when_the_login_is_refused(chat: Chat, server: ToolsCallServer) -> None:
    server.script(SUBMIT, Script(refuse="login_failed"))
    chat.finish()
    assert (chat.status, chat.last["code"]) == (422, "login_failed")
    assert chat.read()["step"] == "login"


def test_says_that_nothing_was_sent_when_nobody_listens(
    chat: Chat, server: ToolsCallServer
) -> None:
    chat.walk_to("confirmation")
    server.stop()
    chat.finish()
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
    chat.finish()
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


def test_is_not_done_when_it_cannot_be_recorded(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")

    def refuse(*_: Any, **__: Any) -> None:
        raise AuditUnavailableError

    with monkeypatch.context() as broken:
        broken.setattr(ledger, "record", refuse)
        chat.finish()
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
        chat.finish()
    assert (chat.status, len(failed)) == (200, times)
    assert receipt().status == "confirmed"
    assert MandateAudit.objects.filter(action="tool_succeeded").count() == before + 1
    assert MandateAudit.objects.filter(action="registration_completed").count() == 1


def test_is_not_sent_when_the_login_cannot_be_opened(
    chat: Chat, server: ToolsCallServer, settings: Settings
) -> None:
    chat.walk_to("confirmation")
    StoredCredential.objects.update(ciphertext="sa1.0000000000000000.AAAA")
    chat.finish()
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
            chat.finish()
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
    chat.finish()
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
    chat.finish()
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
    chat.finish()
    assert (chat.status, chat.last["meta"]["code"]) == (202, "submission_outcome_unknown")
    version = AgenticCheckoutSession.objects.get().version
    assert chat.response["ETag"] == f'"{version}"'


def test_says_where_it_stands_when_the_login_was_deleted(chat: Chat) -> None:
    chat.walk_to("confirmation")
    StoredCredential.objects.all().delete()
    chat.finish()
    assert (chat.status, chat.last["code"]) == (409, "action_not_available")
    assert chat.last["turn"]["session"]["step"] == "login"
    assert chat.last["turn"]["meta"]["code"] == "action_not_available"
    assert receipt().status == "not_created"


def test_offers_to_replace_a_login_that_is_refused_at_the_end(
    chat: Chat, server: ToolsCallServer
) -> None:
    server.script(SUBMIT, Script(refuse="login_failed"))
    chat.finish()
    [replace, *_] = chat.last["cta"]
    assert (replace["action"], replace["payload"]["replace"]) == ("show_login_dialog", True)
    assert chat.read()["last_turn"]["cards"][0]["buttons"][0] == replace
