"""Registrations whose outcome nobody knows, made through the API, and time handed to those who look."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pytest_django import Settings

from audit.models import MandateAudit
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import reconciling
from orchestrator.services.reconciling import Tally
from orchestrator.submissions import ledger
from orchestrator.tools.contract import Tool
from orchestrator.tools.toolbox import get_toolbox
from tests.orchestrator.chat import Chat
from tests.orchestrator.conftest import use
from tests.servers.tools_call_server import Script, ToolsCallServer

SUBMIT, LOOK_UP = Tool.SUBMIT_REGISTRATION.mcp_name, Tool.GET_REGISTRATION.mcp_name
FIRST = timedelta(seconds=60)
TEN = timedelta(minutes=10)
SIX_HOURS = timedelta(hours=6)
A_DAY = timedelta(hours=24)


def patient_server(settings: Settings) -> Iterator[ToolsCallServer]:
    """Give a real tool server in use that a busy machine may keep waiting."""
    with ToolsCallServer() as running:
        use(settings, running.url, running.token, transport="tools-call")
        settings.MCP_TIMEOUT_SECONDS = 20
        get_toolbox.cache_clear()
        yield running


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it, nothing cleans up after it."""


def confirm(chat: Chat) -> None:
    """Press the button, from wherever the signup stands."""
    if not chat.id or chat.step != "confirmation":
        chat.walk_to("confirmation")
    chat.press("confirm_registration", summary=chat.summary)


def leave_unclear(chat: Chat, server: ToolsCallServer, *, booked: bool) -> RegistrationSubmission:
    """Confirm while the answer gets lost, and return the row."""
    server.script(SUBMIT, Script(cut=True, deed=booked), times=1)
    confirm(chat)
    assert chat.status == 202
    return newest()


def newest() -> RegistrationSubmission:
    return RegistrationSubmission.objects.order_by("-created_at").first() or never()


def never() -> Any:
    raise AssertionError("there is no registration")


def look(row: RegistrationSubmission, after: timedelta) -> Tally:
    """Have all that is due looked at, so long after this one was sent; the row says what it says now."""
    tally = reconciling.reconcile(at=moment(row, after))
    row.refresh_from_db()
    return tally


def moment(row: RegistrationSubmission, after: timedelta) -> datetime:
    """Return the time so long after it was sent."""
    assert row.sent_at
    return row.sent_at + after


def records(action: str) -> list[MandateAudit]:
    """Return what was recorded under this action, oldest first."""
    return list(MandateAudit.objects.filter(action=action).order_by("created_at"))


def another(row: RegistrationSubmission, number: int) -> RegistrationSubmission:
    """Return one more unclear registration like this one: another child, and no session any more."""
    wish = ledger.Wish(
        session_id=uuid4(),
        user_id=row.user_id,
        provider=row.provider,
        org_ref=row.org_ref,
        program_ref=row.program_ref,
        participant=f"{number:064}",
        org_name=row.org_name,
        program_title=row.program_title,
        request_digest=row.request_digest,
        is_real=row.is_real,
    )
    at = row.sent_at or never()
    made = ledger.intend(wish, ledger.request_of(row), at=at)
    ledger.mark_sent(made, at=at)
    ledger.settle(made, SubmissionStatus.OUTCOME_UNKNOWN, of=[SubmissionStatus.SENT], at=at)
    made.refresh_from_db()
    return made
