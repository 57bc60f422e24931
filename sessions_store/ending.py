"""Ending somebody else's signup: what staff may do to a session, and all that they may do."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from audit.actions import Action, staff
from audit.services import record
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from sessions_store.services import SessionNotFoundError, SubmissionInProgressError
from sessions_store.status import KEPT, Status


class SessionEndedError(Exception):
    """The session is over already: completed, cancelled, or past its time."""


def end_by_staff(*, session_id: UUID, staff_id: UUID, at: datetime) -> None:
    """Cancel a session, recorded in its person's trail; a turn at work in it will not be written.

    :raises SessionNotFoundError: if there is no such session
    :raises SubmissionInProgressError: if a registration of it is under way or unclear
    :raises SessionEndedError: if it is over
    :raises AuditUnavailableError: if it could not be recorded; nothing was done
    """
    with transaction.atomic():
        rows = AgenticCheckoutSession.objects.filter(pk=session_id)
        session = rows.select_for_update().first()
        if session is None:
            raise SessionNotFoundError
        if session.status in KEPT:
            raise SubmissionInProgressError
        if session.status != Status.OPEN or session.expires_at <= at:
            raise SessionEndedError
        rows.update(
            status=Status.CANCELLED,
            version=F("version") + 1,
            turn_token=None,
            turn_until=None,
            updated_at=at,
        )
        at_work = SessionTurn.objects.filter(
            session_id=session_id, outcome=SessionTurn.Outcome.RUNNING
        )
        was_at_work = at_work.update(outcome=SessionTurn.Outcome.INTERRUPTED)
        record(
            action=Action.SESSION_ENDED_BY_STAFF,
            user_id=session.user_id,
            actor=staff(staff_id),
            at=at,
            session_id=session_id,
            provider=session.provider_id or None,
            org_ref=session.state.get("org_ref"),
            metadata={"step": session.step, "turn_interrupted": bool(was_at_work)},
        )
