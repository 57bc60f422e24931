"""A yes that comes after the registration was settled…"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import calls, confirming
from orchestrator.submissions import ledger
from orchestrator.tools.contract import Booking
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat
from tests.orchestrator.unclear import (
    FIRST,
    SUBMIT,
    confirm,
    leave_unclear,
    look,
    newest,
    patient_server,
    records,
)
from tests.servers.tools_call_server import ToolsCallServer

LATE: Booking = {"status": "confirmed", "confirmation_ref": "LATE-1", "message": None}
Settle = Callable[[str], None]


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use."""
    yield from patient_server(settings)


@pytest.fixture
def answer_late(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], RegistrationSubmission]:
    """Return a way to confirm, and to have it settled otherwise before the answer is written."""

    def run(status: str, confirmation_ref: str = "R-1") -> RegistrationSubmission:
        chat.walk_to("confirmation")
        really_call = calls.call

        def slow(*args: Any) -> Any:
            answer = really_call(*args)
            row, at = newest(), timezone.now()
            ledger.settle(row, SubmissionStatus.OUTCOME_UNKNOWN, of=[SubmissionStatus.SENT], at=at)
            is_booked = status in ledger.BOOKED
            booking: Booking = {**LATE, "confirmation_ref": confirmation_ref}
            if status == "confirmed" and confirmation_ref == "the same":
                booking = answer.data
            confirming.conclude(
                row,
                SubmissionStatus(status),
                of=[SubmissionStatus.OUTCOME_UNKNOWN],
                at=at,
                booking=booking if is_booked else None,
            )
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(calls, "call", slow)
            confirm(chat)
        return newest()

    return run


@pytest.mark.parametrize("status", ["not_created", "rejected", "needs_operator"])
def test_is_kept_and_raises_an_alarm(
    answer_late: Callable[..., RegistrationSubmission],
    server: ToolsCallServer,
    status: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = answer_late(status)
    [booking] = server.bookings.values()
    assert row.status == "needs_operator"
    assert row.response == {"message": None} | booking
    assert row.late_answer_at
    assert row.news_at
    alarm = records("registration_needs_operator")[-1]
    assert (alarm.actor, alarm.metadata["reason"]) == ("system", "late_answer")
    assert alarm.metadata["late_confirmation_ref"] == booking["confirmation_ref"]
    assert f"Registration {row.pk} was booked after it was settled" in caplog.text


def test_is_nothing_new_when_it_says_what_is_known(
    answer_late: Callable[..., RegistrationSubmission], chat: Chat
) -> None:
    row = answer_late("confirmed", "the same")
    assert (row.status, row.late_answer_at) == ("confirmed", None)
    assert records("registration_needs_operator") == []
    AgenticCheckoutSession.objects.update(turn_until=timezone.now() - timedelta(seconds=1))
    assert chat.read()["status"] == "completed"


def test_is_shown_to_a_person_when_it_names_another_booking(
    answer_late: Callable[..., RegistrationSubmission],
) -> None:
    row = answer_late("confirmed", "R-1")
    assert (row.status, row.confirmation_ref) == ("confirmed", "R-1")
    assert row.late_answer_at
    assert len(records("registration_needs_operator")) == 1


def test_leaves_the_row_as_it_is_where_the_parent_registered_anew(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=False)
    confirming.conclude(
        row,
        SubmissionStatus.NOT_CREATED,
        of=[SubmissionStatus.OUTCOME_UNKNOWN],
        at=timezone.now(),
    )
    chat.last = chat.read()["last_turn"]
    confirm(chat)
    assert newest().status == "confirmed"
    assert ledger.keep_late_answer(row, LATE, at=timezone.now())
    row.refresh_from_db()
    assert (row.status, row.response) == ("not_created", dict(LATE))
    assert row.late_answer_at
    assert len(records("registration_needs_operator")) == 1
    assert newest().status == "confirmed"


def test_keeps_the_parent_from_registering_a_second_time(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=False)
    confirming.conclude(
        row,
        SubmissionStatus.NOT_CREATED,
        of=[SubmissionStatus.OUTCOME_UNKNOWN],
        at=timezone.now(),
    )
    ledger.keep_late_answer(row, LATE, at=timezone.now())
    chat.last = chat.read()["last_turn"]
    confirm(chat)
    assert (chat.status, chat.last["code"]) == (409, "already_registering")
    assert server.count(SUBMIT) == 1


def test_is_closed_by_a_person_once(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    look(row, FIRST)
    ledger.keep_late_answer(row, LATE, at=timezone.now())
    told = {"outcome": "seen", "explanation": "cancelled the second one by telephone"}
    done = [
        ledger.close_late_answer(row, actor="system", at=timezone.now(), told=told)
        for _ in range(2)
    ]
    row.refresh_from_db()
    assert (done, row.late_answer_at) == ([True, False], None)
    assert MandateAudit.objects.filter(action="registration_resolved").count() == 1


def test_of_a_run_that_was_overtaken_is_kept_as_well(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=True)
    really_call = calls.recorded

    def slow(*args: Any, **kwargs: Any) -> Any:
        answer = really_call(*args, **kwargs)
        confirming.conclude(
            row,
            SubmissionStatus.NEEDS_OPERATOR,
            of=[SubmissionStatus.OUTCOME_UNKNOWN],
            at=timezone.now(),
        )
        return answer

    monkeypatch.setattr(calls, "recorded", slow)
    look(row, FIRST)
    assert row.status == "needs_operator"
    assert row.late_answer_at
    assert row.response == {"message": None} | server.bookings[str(row.pk)]
