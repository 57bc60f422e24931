"""Settling by hand a registration that nobody knows the outcome of…"""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from audit.models import MandateAudit
from audit.redaction import REDACTED
from audit.services import AuditUnavailableError
from orchestrator.models import RegistrationSubmission
from orchestrator.services import resolving
from orchestrator.submissions import ledger
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.by_hand import (
    LATE,
    REASON,
    last_record,
    left_to_a_person,
    register_again,
    resolve,
)
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import ToolsCallServer


@pytest.fixture
def row(chat: Chat, server: ToolsCallServer) -> RegistrationSubmission:
    """A registration that was sent, that nobody could find, and that needs a person."""
    return left_to_a_person(chat, server)


def session_of(submission: RegistrationSubmission) -> AgenticCheckoutSession:
    return AgenticCheckoutSession.objects.get(pk=submission.session_id)


@pytest.mark.parametrize("waitlisted", [False, True])
def test_found_completes_the_signup_with_a_receipt(
    chat: Chat, row: RegistrationSubmission, staff: User, waitlisted: bool
) -> None:
    resolve(row, staff, found=True, confirmation_ref=" BSC-77 ", waitlisted=waitlisted)

    status = "waitlisted" if waitlisted else "confirmed"
    now = RegistrationSubmission.objects.get()
    assert (now.status, now.confirmation_ref, now.sealed_request) == (status, "BSC-77", "")
    assert now.news_at is not None
    assert now.told_at is None
    session = chat.read()
    assert (session["status"], session["step"]) == ("completed", "completed")
    assert "BSC-77" in session["last_turn"]["cards"][0]["subtitle"]
    assert session["last_turn"]["meta"]["source"] is None


def test_not_found_lets_the_parent_confirm_again(
    chat: Chat, row: RegistrationSubmission, staff: User
) -> None:
    resolve(row, staff)

    now = RegistrationSubmission.objects.get()
    assert (now.status, now.sealed_request) == ("not_created", "")
    session = chat.read()
    assert (session["status"], session["step"]) == ("open", "confirmation")
    assert "Nothing was booked" in session["last_turn"]["message"]
    register_again(chat)


def test_is_recorded_once_as_the_deed_of_staff(
    row: RegistrationSubmission, staff: User, parent: User
) -> None:
    before = set(MandateAudit.objects.values_list("pk", flat=True))

    resolve(row, staff, found=True)

    [record] = MandateAudit.objects.exclude(pk__in=before)
    assert record.action == "registration_resolved"
    assert (record.actor, record.user_id) == (f"staff:{staff.pk}", parent.pk)
    assert record.metadata["outcome"] == "confirmed"
    assert record.metadata["explanation"] == REASON
    assert record.metadata["submission_id"] == str(row.pk)


def test_redacts_what_the_record_must_not_keep(row: RegistrationSubmission, staff: User) -> None:
    resolve(row, staff, reason="Asked emma.larsen@example.com")

    assert last_record().metadata["explanation"] == REDACTED


def test_settles_once_however_often_it_is_asked(row: RegistrationSubmission, staff: User) -> None:
    resolve(row, staff, found=True)

    for found in (True, False):
        with pytest.raises(resolving.AlreadyResolvedError):
            resolve(row, staff, found=found)

    assert RegistrationSubmission.objects.get().status == "confirmed"
    assert last_record()


@pytest.mark.django_db(transaction=True)
def test_settles_once_when_two_are_at_it(row: RegistrationSubmission, staff: User) -> None:
    start, outcomes = Barrier(2), []

    def click(found: bool) -> None:
        try:
            start.wait(10)
            resolve(row, staff, found=found)
            outcomes.append("done")
        except resolving.AlreadyResolvedError:
            outcomes.append("too late")
        finally:
            connection.close()

    clicks = [Thread(target=click, args=(found,)) for found in (True, False)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join(30)

    assert sorted(outcomes) == ["done", "too late"]
    status = RegistrationSubmission.objects.get().status
    assert last_record().metadata["outcome"] == status
    assert session_of(row).status == ("completed" if status == "confirmed" else "open")


def test_changes_nothing_where_it_cannot_be_recorded(
    row: RegistrationSubmission, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise AuditUnavailableError

    before = RegistrationSubmission.objects.values().get()
    monkeypatch.setattr(ledger, "record", refuse)

    with pytest.raises(AuditUnavailableError):
        resolve(row, staff, found=True)

    assert RegistrationSubmission.objects.values().get() == before
    assert session_of(row).status == "outcome_unknown"


@pytest.mark.once
@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "},
        {"reason": "x" * 501},
        {"found": True, "confirmation_ref": " "},
        {"found": True, "confirmation_ref": "x" * 201},
    ],
)
def test_wants_a_reason_and_a_reference(
    row: RegistrationSubmission, staff: User, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="characters"):
        resolve(row, staff, **wrong)

    assert RegistrationSubmission.objects.get().status == "needs_operator"


def test_outlives_the_signup(row: RegistrationSubmission, staff: User) -> None:
    AgenticCheckoutSession.objects.all().delete()

    resolve(row, staff, found=True)

    assert RegistrationSubmission.objects.get().status == "confirmed"


def test_leaves_alone_what_needs_nobody(chat: Chat, server: ToolsCallServer, staff: User) -> None:
    chat.walk_to("completed")

    with pytest.raises(resolving.AlreadyResolvedError):
        resolve(RegistrationSubmission.objects.get(), staff)

    assert RegistrationSubmission.objects.get().status == "confirmed"


def test_keeps_a_sample_a_sample(chat: Chat, staff: User) -> None:
    chat.walk_to("completed")
    rows = RegistrationSubmission.objects.filter(is_real=False)
    rows.update(status="needs_operator", source="")
    AgenticCheckoutSession.objects.update(status="outcome_unknown")

    resolve(rows.get(), staff, found=True)

    assert rows.get().source == "mock"
    assert chat.read()["last_turn"]["meta"]["source"] == "mock"


# --- A yes that came late ------------------------------------------------------------------------


def test_a_late_yes_is_found(chat: Chat, row: RegistrationSubmission, staff: User) -> None:
    resolve(row, staff)
    ledger.keep_late_answer(row, LATE, at=timezone.now())
    late = RegistrationSubmission.objects.get()
    assert (late.status, resolving.late_reference(late)) == ("needs_operator", "LATE-1")

    resolve(row, staff, found=True, confirmation_ref="LATE-1")

    now = RegistrationSubmission.objects.get()
    assert (now.status, now.confirmation_ref, now.late_answer_at) == ("confirmed", "LATE-1", None)
    assert not resolving.needs_a_person(now)


def test_a_late_yes_beside_a_newer_registration_cannot_be_found(
    chat: Chat, row: RegistrationSubmission, staff: User
) -> None:
    resolve(row, staff)
    newer = register_again(chat)
    ledger.keep_late_answer(row, LATE, at=timezone.now())
    row.refresh_from_db()
    assert (row.status, resolving.has_live_twin(row)) == ("not_created", True)

    with pytest.raises(resolving.TwinError):
        resolve(row, staff, found=True)
    row.refresh_from_db()
    assert resolving.needs_a_person(row)
    resolve(row, staff, reason="Cancelled at the club.")

    row.refresh_from_db()
    newer.refresh_from_db()
    assert (row.status, newer.status) == ("not_created", "confirmed")
    assert not resolving.needs_a_person(row)
    told = MandateAudit.objects.filter(action="registration_resolved").order_by("created_at")
    assert told[1].metadata["late_answer"] is True
    with pytest.raises(resolving.AlreadyResolvedError):
        resolve(row, staff)


def test_a_second_yes_to_what_is_booked_is_closed(row: RegistrationSubmission, staff: User) -> None:
    resolve(row, staff, found=True, confirmation_ref="FIRST")
    row.refresh_from_db()
    ledger.keep_late_answer(row, LATE, at=timezone.now())
    row.refresh_from_db()
    assert resolving.needs_a_person(row)

    resolve(row, staff, reason="The second one is cancelled.")

    row.refresh_from_db()
    assert (row.status, row.confirmation_ref, row.late_answer_at) == ("confirmed", "FIRST", None)
