"""Beginning, claiming, saving and deleting sessions.

A turn is claimed by compare-and-swap and holds a lease, works outside of any transaction, and is
written back by compare-and-swap with its fencing token. So nothing waits on a slow provider, two tabs
cannot overwrite each other, and the turn of a killed process gives way when its lease runs out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit.actions import Action, person
from audit.services import record
from sessions_store import statements
from sessions_store.ids import time_ordered
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from sessions_store.status import KEPT, Status

LEASE = timedelta(seconds=90)
PROCESS_STARTED = timezone.now()


class SessionNotFoundError(Exception):
    """This person has no such session; nobody learns whether somebody else has it."""


class SessionExpiredError(Exception):
    """The session is past its 24 hours."""


class TurnInProgressError(Exception):
    """Another turn of this session is running."""


class SessionChangedError(Exception):
    """Another request changed the session since it was read."""


class LeaseLostError(Exception):
    """The turn outlived its lease and another took over; its result was kept beside, not written."""


class SubmissionInProgressError(Exception):
    """A registration of this session is under way or unclear; the session must stay."""


@dataclass(frozen=True)
class Claim:
    """The right to write one turn."""

    session_id: UUID
    token: UUID
    version: int
    seq: int


def new(
    *, user_id: UUID, step: str, state: Mapping[str, Any], at: datetime
) -> AgenticCheckoutSession:
    """Return a session that lives for SESSION_TTL_HOURS, not saved yet."""
    return AgenticCheckoutSession(
        id=time_ordered(at),
        user_id=user_id,
        step=step,
        state=dict(state),
        created_at=at,
        updated_at=at,
        expires_at=at + timedelta(hours=settings.SESSION_TTL_HOURS),
    )


def begin(session: AgenticCheckoutSession, *, body: str, at: datetime) -> UUID:
    """Save a new session with its first answer, and record it; return the token of that turn."""
    token = time_ordered(at)
    with transaction.atomic():
        session.save(force_insert=True)
        statements.add_turn(
            session_id=session.pk,
            seq=1,
            token=token,
            intent="start",
            outcome=SessionTurn.Outcome.DONE,
            body=body,
            created_at=at,
        )
        record_for(session, Action.SESSION_CREATED, at=at)
    return token


def find(*, user_id: UUID, session_id: UUID, at: datetime) -> AgenticCheckoutSession:
    """Return this person's session as it stands.

    :raises SessionNotFoundError: if they have no such session
    :raises SessionExpiredError: if it is past its time
    """
    session = statements.read(session_id=session_id, user_id=user_id)
    if session is None:
        raise SessionNotFoundError
    must_be_live(session, at)
    return session


def owns(user_id: UUID, session_id: UUID) -> bool:
    """Return whether this is a session of this person, expired or not."""
    return AgenticCheckoutSession.objects.for_user(user_id).filter(pk=session_id).exists()


def must_be_live(session: AgenticCheckoutSession, at: datetime) -> None:
    """Refuse a session past its time.

    :raises SessionExpiredError: if it may not be served any more
    """
    if session.expires_at <= at and session.status not in KEPT:
        raise SessionExpiredError


def in_order(session: AgenticCheckoutSession, at: datetime) -> datetime:
    """Return when a deed happens that came at this time: after all that the session has seen.

    A request that waited for another to end came before it did, and must not be told as if it had
    been first.
    """
    return max(at, session.updated_at + timedelta(microseconds=2))  # 1: the record of a resumption


def is_turn_running(session: AgenticCheckoutSession, at: datetime) -> bool:
    """Return whether a turn holds the session right now."""
    return session.turn_until is not None and session.turn_until > at


def claim(
    session: AgenticCheckoutSession,
    *,
    intent: str,
    at: datetime,
    status: Status | None = None,
    by_person: bool = True,
) -> Claim:
    """Return the right to write the next turn of a session that is as it was read.

    Call it inside the transaction that records what the turn is for. `status` is set with the claim.
    `by_person` is False where it is not the session's person who resumes it.

    :raises TurnInProgressError: if a turn is running
    :raises SessionChangedError: if the session moved on since it was read
    """
    token = time_ordered(at)
    seq = statements.take(
        session, at=at, turn_token=token, turn_until=at + LEASE, status=status or session.status
    )
    if seq is None:
        _say_why_not(session, at)
    _take_over(session, at, by_person=by_person)
    statements.add_turn(
        session_id=session.pk,
        seq=seq,
        token=token,
        intent=intent,
        outcome=SessionTurn.Outcome.RUNNING,
        body="",
        created_at=at,
    )
    return Claim(session.pk, token, session.version + 1, seq)


def write(
    session: AgenticCheckoutSession,
    *,
    token: UUID,
    intent: str,
    step: str,
    status: Status,
    provider_id: str,
    state: Mapping[str, Any],
    body: Callable[[int], str],
    at: datetime,
) -> int:
    """Write a turn that waited for nobody, `claim` and `finish` in one; return the new version.

    Call it inside the transaction that records what the turn is for. `body` is asked for the sealed
    answer of the turn with this number.

    :raises TurnInProgressError: if a turn is running
    :raises SessionChangedError: if the session moved on since it was read
    """
    seq = statements.take_and_write(
        session, at=at, step=step, status=status, provider_id=provider_id, state=state
    )
    if seq is None:
        _say_why_not(session, at)
    _take_over(session, at, by_person=True)
    statements.add_turn(
        session_id=session.pk,
        seq=seq,
        token=token,
        intent=intent,
        outcome=SessionTurn.Outcome.DONE,
        body=body(seq),
        created_at=at,
    )
    return session.version + 2


def _say_why_not(session: AgenticCheckoutSession, at: datetime) -> NoReturn:
    """Refuse to take a session that is not as it was read.

    :raises TurnInProgressError: if a turn is running
    :raises SessionChangedError: otherwise
    """
    now = AgenticCheckoutSession.objects.filter(pk=session.pk).first()
    if now is not None and is_turn_running(now, at):
        raise TurnInProgressError
    raise SessionChangedError


def _take_over(session: AgenticCheckoutSession, at: datetime, *, by_person: bool) -> None:
    """Mark a turn whose lease ran out, and record the first turn after a restart."""
    if session.turn_token:
        running = SessionTurn.objects.filter(
            session_id=session.pk, outcome=SessionTurn.Outcome.RUNNING
        )
        running.update(outcome=SessionTurn.Outcome.INTERRUPTED)
    if by_person and session.updated_at < PROCESS_STARTED:
        record_for(session, Action.SESSION_RESUMED, at=at - timedelta(microseconds=1))


def lock(session_id: UUID) -> None:
    """Take the session's row first in a transaction that writes more (no-op on SQLite)."""
    AgenticCheckoutSession.objects.select_for_update().filter(pk=session_id).values("pk").first()


def renew(claim: Claim, *, at: datetime) -> bool:
    """Lengthen a turn's lease before what may take long; return whether the turn still held it."""
    held = AgenticCheckoutSession.objects.filter(
        pk=claim.session_id, turn_token=claim.token, version=claim.version
    )
    return bool(held.update(turn_until=at + LEASE))


def finish(
    claim: Claim,
    *,
    step: str,
    status: Status,
    provider_id: str,
    state: Mapping[str, Any],
    body: str,
    failed: bool,
    at: datetime,
) -> int:
    """Write a turn's result and give the session free; return its new version.

    :raises LeaseLostError: if another turn took over; the result is kept as an orphan
    """
    with transaction.atomic():
        won = statements.write_back(
            id=claim.session_id,
            turn_token=claim.token,
            version=claim.version,
            step=step,
            status=status,
            provider_id=provider_id,
            state=state,
            updated_at=at,
        )
        outcome = SessionTurn.Outcome.FAILED if failed else SessionTurn.Outcome.DONE
        statements.answer_turn(
            token=claim.token, body=body, outcome=outcome if won else SessionTurn.Outcome.ORPHANED
        )
    if not won:
        raise LeaseLostError
    return claim.version + 1


def give_up(claim: Claim, *, status: Status, at: datetime) -> None:
    """Give a session free without a result, as if the turn had not been; the turn stays listed."""
    with transaction.atomic():
        AgenticCheckoutSession.objects.filter(
            pk=claim.session_id, turn_token=claim.token, version=claim.version
        ).update(
            status=status,
            version=F("version") + 1,
            turn_token=None,
            turn_until=None,
            updated_at=at,
        )
        # a turn that another one took over from stays interrupted or orphaned
        SessionTurn.objects.filter(token=claim.token, outcome=SessionTurn.Outcome.RUNNING).update(
            outcome=SessionTurn.Outcome.FAILED
        )


def last_answer(session_id: UUID) -> SessionTurn | None:
    """Return the newest turn that was answered, and its session as of that same moment."""
    return (
        SessionTurn.objects.select_related("session")
        .filter(
            session_id=session_id,
            outcome__in=[SessionTurn.Outcome.DONE, SessionTurn.Outcome.FAILED],
        )
        .exclude(body="")
        .order_by("-seq")
        .first()
    )


def delete(*, user_id: UUID, session_id: UUID, at: datetime) -> None:
    """Delete one session and its turns; the record stays.

    :raises SessionNotFoundError: if they have no such session
    :raises SessionExpiredError: if it is past its time (the clean-up deletes it)
    :raises TurnInProgressError: if a turn is running
    :raises SubmissionInProgressError: if a registration is under way or unclear
    """
    session = find(user_id=user_id, session_id=session_id, at=at)
    with transaction.atomic():
        gone = _delete_idle([session.pk], at=at)
        if gone:
            record_for(session, Action.SESSION_DELETED, at=in_order(session, at))
            return
    session = find(user_id=user_id, session_id=session_id, at=at)
    raise SubmissionInProgressError if session.status in KEPT else TurnInProgressError


def record_for(
    session: AgenticCheckoutSession,
    action: Action,
    *,
    at: datetime,
    about: Mapping[str, Any] | None = None,
    **told: Any,
) -> None:
    """Record something that the session's person did in it.

    `about` holds the provider, org_ref, program_ref and credential_id that it was about, where the
    session does not hold them yet.
    """
    known = {"provider": session.provider_id or None, "org_ref": session.state.get("org_ref")}
    record(
        action=action,
        user_id=session.user_id,
        actor=person(session.user_id),
        at=at,
        session_id=session.pk,
        metadata={"step": session.step, **told},
        **(known | dict(about or {})),
    )


def _delete_idle(ids: list[UUID], *, at: datetime) -> int:
    """Delete these sessions with their turns, but none that is at work; return how many.

    Call it inside a transaction: nobody can claim a turn between the look and the deletion.
    """
    idle = AgenticCheckoutSession.objects.filter(pk__in=ids).exclude(status__in=KEPT).idle(at)
    doomed = list(idle.select_for_update().values_list("pk", flat=True))
    SessionTurn.objects.filter(session_id__in=doomed).delete()
    gone = AgenticCheckoutSession.objects.filter(pk__in=doomed).delete()[1]
    return gone.get(AgenticCheckoutSession._meta.label, 0)
