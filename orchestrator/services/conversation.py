"""What the doors ask of the conversation."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.actions import Action
from audit.context import about_session
from orchestrator import idempotency
from orchestrator.flow import finding, moves, registering, screens
from orchestrator.flow.plan import Plan
from orchestrator.flow.rules import RULES
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import confirming, counts, news, reading, taking, turns
from orchestrator.services.refusals import RefusedError
from orchestrator.services.turns import Turn
from sessions_store import services as store
from sessions_store.models import AgenticCheckoutSession
from sessions_store.status import Status


def start(*, user_id: UUID, at: datetime) -> Turn:
    """Return the first Turn of a new session."""
    plan = Plan()
    session = store.new(user_id=user_id, step=plan.step, state=plan.to_state(), at=at)
    turn = turns.assemble(session, finding.greeting())
    with about_session(session.pk), transaction.atomic():
        token = store.begin(session, body=turns.seal_body(session, 1, None, turn), at=at)
        idempotency.note_turn(token)
    counts.count_start()
    return turn


def own_sessions(*, user_id: UUID, at: datetime) -> QuerySet[AgenticCheckoutSession]:
    """Return this person's sessions that may be served."""
    return AgenticCheckoutSession.objects.for_user(user_id).live(at)


def read(
    *, user_id: UUID, session_id: UUID, at: datetime
) -> tuple[AgenticCheckoutSession, Turn | None]:
    """Return a session and its newest answer.

    :raises SessionNotFoundError: if this person has no such session
    :raises SessionExpiredError: if it is past its time
    """
    session = store.find(user_id=user_id, session_id=session_id, at=at)
    session = confirming.follow(session, at=at)
    store.must_be_live(session, at)
    return session, confirming.newest_turn(session)


def submission(*, user_id: UUID, submission_id: UUID, at: datetime) -> RegistrationSubmission:
    """Return one of this person's registrations, caught up with where its process died midway.

    :raises RegistrationSubmission.DoesNotExist: if they have no such registration
    """
    own = RegistrationSubmission.objects.for_user(user_id)
    found = own.get(pk=submission_id)
    if found.status in (SubmissionStatus.INTENT, SubmissionStatus.SENT):
        sessions = AgenticCheckoutSession.objects.for_user(user_id)
        for session in sessions.filter(pk=found.session_id):
            confirming.follow(session, at=at)
        found.refresh_from_db()
    news.heard(found, at=at)
    return found


def delete_session(*, user_id: UUID, session_id: UUID, if_match: int | None, at: datetime) -> None:
    """Delete a session; its record stays.

    :raises RefusedError: if it is at work, moved on, or a registration of it is unclear
    """
    session = store.find(user_id=user_id, session_id=session_id, at=at)
    session = confirming.follow(session, at=at)
    try:
        with transaction.atomic():
            store.lock(session_id)  # what is deleted is the version that was asked for
            session = store.find(user_id=user_id, session_id=session_id, at=at)
            if if_match is not None and if_match != session.version:
                raise RefusedError("session_conflict", turn=confirming.newest_turn(session))
            store.delete(user_id=user_id, session_id=session_id, at=at)
    except store.TurnInProgressError:
        raise taking.with_turn("turn_in_progress", user_id, session_id, at) from None
    except store.SubmissionInProgressError:
        running = session.status == Status.SUBMITTING
        code = "turn_in_progress" if running else "submission_in_progress"
        raise taking.with_turn(code, user_id, session_id, at) from None


def take_message(
    *,
    user_id: UUID,
    session_id: UUID,
    text: str,
    coords: Mapping[str, float] | None,
    if_match: int | None,
    at: datetime,
) -> Turn:
    """Return the Turn that answers a message.

    :raises RefusedError: if it cannot be done; the catalogue says why
    """

    reader = reading.Reader(text)

    def understand(session: AgenticCheckoutSession, plan: Plan) -> taking.Deed:
        read = reader.read(session, plan)
        intent = read.intent
        if intent.is_search:
            payload = {**intent.payload, "coords": dict(coords) if coords else None}
            return taking.Deed(moves.SEARCH, payload, said=text, llm=read.llm)
        if intent.answer is not None:
            standing = turns.screen_at(session, plan)
            screen = screens.with_lead(intent.answer, standing, *intent.buttons)
            aside = replace(screen, is_aside=True)
            return taking.Deed(intent.name, {}, said=text, screen=aside, llm=read.llm)
        names_another = intent.name == "change_program" and "program_ref" in intent.payload
        deed = moves.SWITCH if names_another else intent.name
        return taking.Deed(deed, intent.payload, said=text, llm=read.llm)

    return taking.take_turn(user_id, session_id, understand, if_match=if_match, at=at)


def take_action(
    *,
    user_id: UUID,
    session_id: UUID,
    action: str,
    payload: Mapping[str, Any],
    if_match: int | None,
    at: datetime,
) -> Turn:
    """Return the Turn that answers a button.

    :raises RefusedError: if it cannot be done; the catalogue says why
    """
    if action not in RULES:
        raise RefusedError("unknown_action")
    if action == "reset":
        return _reset(user_id, session_id, if_match=if_match, at=at)
    deed = taking.Deed(action, payload)
    return taking.take_turn(user_id, session_id, lambda *_: deed, if_match=if_match, at=at)


def _reset(user_id: UUID, session_id: UUID, *, if_match: int | None, at: datetime) -> Turn:
    """Return the first Turn of a new session; an open one before it is cancelled.

    :raises SessionNotFoundError: if this person has no such session
    """
    session = AgenticCheckoutSession.objects.for_user(user_id).filter(pk=session_id).first()
    if session is None:
        raise store.SessionNotFoundError
    session = confirming.follow(session, at=at)
    taking.gate_running(session, at)
    if if_match is not None and if_match != session.version:
        raise RefusedError("session_conflict", turn=turns.last_turn(session))
    at = store.in_order(session, at)
    try:
        with transaction.atomic():
            if session.status == Status.OPEN and session.expires_at > at:
                plan, ended = Plan.from_state(session.step, session.state), registering.cancelled()
                reset = taking.Deed("reset", {})
                taking.at_once(session, plan, reset, ended, {}, status=Status.CANCELLED, at=at)
            else:
                store.record_for(session, Action.ACTION_RESET, at=at)
            return start(user_id=user_id, at=timezone.now())
    except store.TurnInProgressError:
        raise taking.with_turn("turn_in_progress", user_id, session_id, at) from None
    except store.SessionChangedError:
        raise taking.with_turn("session_conflict", user_id, session_id, at) from None
