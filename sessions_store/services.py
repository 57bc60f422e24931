"""Beginning, claiming, saving and forgetting sessions.

A turn is claimed by compare-and-swap and holds a lease, works outside of any transaction, and is
written back by compare-and-swap with its fencing token. So nothing waits on a slow provider, two tabs
cannot overwrite each other, and the turn of a killed process gives way when its lease runs out.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max
from django.utils import timezone

from audit.actions import SYSTEM, Action, person
from audit.services import record
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
        user_id=user_id,
        step=step,
        state=dict(state),
        created_at=at,
        updated_at=at,
        expires_at=at + timedelta(hours=settings.SESSION_TTL_HOURS),
    )


def begin(session: AgenticCheckoutSession, *, body: str, at: datetime) -> None:
    """Save a new session with its first answer, and record it."""
    with transaction.atomic():
        session.save(force_insert=True)
        SessionTurn.objects.create(
            session_id=session.pk,
            seq=1,
            token=uuid.uuid4(),
            intent="start",
            outcome=SessionTurn.Outcome.DONE,
            body=body,
            created_at=at,
        )
        record_for(session, Action.SESSION_CREATED, at=at)


def find(*, user_id: UUID, session_id: UUID, at: datetime) -> AgenticCheckoutSession:
    """Return this person's session as it stands.

    :raises SessionNotFoundError: if they have no such session
    :raises SessionExpiredError: if it is past its time
    """
    session = AgenticCheckoutSession.objects.for_user(user_id).filter(pk=session_id).first()
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


def is_turn_running(session: AgenticCheckoutSession, at: datetime) -> bool:
    """Return whether a turn holds the session right now."""
    return session.turn_until is not None and session.turn_until > at


def claim(
    session: AgenticCheckoutSession, *, intent: str, at: datetime, status: Status | None = None
) -> Claim:
    """Return the right to write the next turn of a session that is as it was read.

    Call it inside the transaction that records what the turn is for. `status` is set with the claim.

    :raises TurnInProgressError: if a turn is running
    :raises SessionChangedError: if the session moved on since it was read
    """
    token = uuid.uuid4()
    won = (
        AgenticCheckoutSession.objects.for_user(session.user_id)
        .filter(pk=session.pk, version=session.version, status=session.status)
        .live(at)
        .idle(at)
        .update(
            turn_token=token,
            turn_until=at + LEASE,
            version=F("version") + 1,
            status=status or session.status,
        )
    )
    if not won:
        now = AgenticCheckoutSession.objects.filter(pk=session.pk).first()
        if now is not None and is_turn_running(now, at):
            raise TurnInProgressError
        raise SessionChangedError
    turns = SessionTurn.objects.filter(session_id=session.pk)
    if session.turn_token:  # whose lease ran out
        turns.filter(outcome=SessionTurn.Outcome.RUNNING).update(
            outcome=SessionTurn.Outcome.INTERRUPTED
        )
    seq = (turns.aggregate(last=Max("seq"))["last"] or 0) + 1
    SessionTurn.objects.create(
        session_id=session.pk, seq=seq, token=token, intent=intent, created_at=at
    )
    if session.updated_at < PROCESS_STARTED:
        record_for(session, Action.SESSION_RESUMED, at=at - timedelta(microseconds=1))
    return Claim(session.pk, token, session.version + 1, seq)


def lock(session_id: UUID) -> None:
    """Take the session's row first in a transaction that writes more (no-op on SQLite)."""
    AgenticCheckoutSession.objects.select_for_update().filter(pk=session_id).values("pk").first()


def holds(claim: Claim) -> bool:
    """Return whether a turn still holds its session, and keep it so for this transaction."""
    held = AgenticCheckoutSession.objects.select_for_update().filter(
        pk=claim.session_id, turn_token=claim.token, version=claim.version
    )
    return held.values("pk").first() is not None


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
        won = AgenticCheckoutSession.objects.filter(
            pk=claim.session_id, turn_token=claim.token, version=claim.version
        ).update(
            step=step,
            status=status,
            provider_id=provider_id,
            state=dict(state),
            version=F("version") + 1,
            turn_token=None,
            turn_until=None,
            updated_at=at,
        )
        outcome = SessionTurn.Outcome.FAILED if failed else SessionTurn.Outcome.DONE
        SessionTurn.objects.filter(token=claim.token).update(
            body=body, outcome=outcome if won else SessionTurn.Outcome.ORPHANED
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
    """Return the newest turn that was answered."""
    return (
        SessionTurn.objects.filter(
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
            record_for(session, Action.SESSION_DELETED, at=at)
            return
    session = find(user_id=user_id, session_id=session_id, at=at)
    raise SubmissionInProgressError if session.status in KEPT else TurnInProgressError


@dataclass(frozen=True)
class Forgotten:
    """What a clean-up did."""

    deleted: int
    remaining: int  # due, but left for the next run

    @property
    def is_complete(self) -> bool:
        return self.remaining == 0


def forget_expired(
    *,
    at: datetime,
    batch_size: int = 500,
    max_seconds: float = 240,
    after_batch: Callable[[int], object] = lambda _: None,
) -> Forgotten:
    """Delete expired sessions batch by batch, each with its record; return what was done.

    Bounded in time and safe to run twice at once: a batch is one short transaction, and what is left
    is due again at the next run.
    """
    run_id, started, total = uuid.uuid4(), time.monotonic(), 0
    while time.monotonic() - started < max_seconds:
        with transaction.atomic():
            due = AgenticCheckoutSession.objects.expired(at).order_by("expires_at")
            if connection.features.has_select_for_update_skip_locked:
                due = due.select_for_update(skip_locked=True)
            batch = dict(due.values_list("pk", "status")[:batch_size])
            if not batch:
                return Forgotten(total, 0)
            gone = _delete_idle(list(batch), at=at)
            by_status = Counter(batch.values())  # locked above: what is counted is what goes
            record(
                action=Action.SESSIONS_EXPIRED,
                user_id=None,
                actor=SYSTEM,
                at=timezone.now(),
                metadata={"run_id": str(run_id), "deleted": gone, "by_status": dict(by_status)},
            )
        total += gone
        after_batch(gone)
    return Forgotten(total, AgenticCheckoutSession.objects.expired(at).count())


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
