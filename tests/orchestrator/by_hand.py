"""Registrations that need a person, made through the API, and settled by staff."""

from typing import Any

from django.utils import timezone

from accounts.models import User
from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import confirming, resolving
from orchestrator.tools.contract import Booking, Tool
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

REASON = "Called the club: they have it in their books."
LATE: Booking = {"status": "confirmed", "confirmation_ref": "LATE-1", "message": None}


def left_to_a_person(chat: Chat, server: ToolsCallServer) -> RegistrationSubmission:
    """Return a registration that was sent, that nobody could find, and that needs a person."""
    chat.walk_to("confirmation")
    server.script(Tool.SUBMIT_REGISTRATION.mcp_name, Script(cut=True), times=1)
    chat.press("confirm_registration", summary=chat.summary)
    confirming.conclude(
        RegistrationSubmission.objects.get(),
        SubmissionStatus.NEEDS_OPERATOR,
        of={SubmissionStatus.OUTCOME_UNKNOWN},
        error_code="no_way_to_ask",
        at=timezone.now(),
    )
    return RegistrationSubmission.objects.get()


def resolve(submission: RegistrationSubmission, staff: User, **said: Any) -> None:
    usual: dict[str, Any] = {"found": False, "confirmation_ref": "BSC-1", "reason": REASON}
    said = usual | said
    resolving.resolve(submission_id=submission.pk, staff_id=staff.pk, at=timezone.now(), **said)


def last_record() -> MandateAudit:
    return MandateAudit.objects.filter(action="registration_resolved").get()


def register_again(chat: Chat) -> RegistrationSubmission:
    """Confirm the same signup once more, and return the new registration."""
    chat.read()
    chat.last = chat.last["last_turn"]
    chat.press("confirm_registration", summary=chat.summary)
    assert chat.last["session"]["status"] == "completed"
    return RegistrationSubmission.objects.get(status="confirmed")
