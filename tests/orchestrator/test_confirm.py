"""Confirming a registration…"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.models import MandateAudit
from credentials.models import StoredCredential
from orchestrator.flow.answers import participant_of
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.submissions import ledger
from orchestrator.tools.contract import Tool
from orchestrator.tools.toolbox import get_toolbox
from sessions_store.services import LEASE
from tests.orchestrator.chat import ANSWERS, FULL, SATURDAY, Chat, receipt
from tests.servers.tools_call_server import Script, ToolsCallServer

SUBMIT = Tool.SUBMIT_REGISTRATION.mcp_name


def test_sends_the_rows_id_as_the_idempotency_key(chat: Chat, server: ToolsCallServer) -> None:
    chat.finish()
    assert chat.last["session"]["status"] == "completed"
    [call] = [call for call in server.calls if call.tool == SUBMIT]
    assert call.args["idempotency_key"] == str(receipt().pk)
    assert call.args["answers"] == ANSWERS
    assert set(call.args["credentials"]) == {"email", "password"}


def test_shows_the_receipt_to_its_parent_alone(chat: Chat, stranger: User) -> None:
    chat.finish()
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
    chat.finish()
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
    chat.finish()
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
    chat.finish()
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
    any_chat.finish()
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
    chat.finish()
    assert (chat.status, chat.last["code"], chat.last["detail"]) == (422, code, sentence)
    assert receipt().status == "rejected"


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
    chat.finish()
    with pytest.raises(IntegrityError), transaction.atomic():
        RegistrationSubmission.objects.update(is_real=True)


def test_settles_a_registration_once(chat: Chat) -> None:
    chat.finish()
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
    chat.finish()
    assert receipt().session_id == UUID(chat.id)


@pytest.mark.parametrize(
    "code", ["session_expired", "internal_error", "rate_limited", "submission_outcome_unknown"]
)
def test_lets_no_provider_speak_with_our_codes(
    chat: Chat, server: ToolsCallServer, code: str
) -> None:
    server.script(SUBMIT, Script(refuse=code))
    chat.finish()
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
    chat.finish()
    assert chat.last["session"]["status"] == "completed"
