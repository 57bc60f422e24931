"""The rows of registrations and their states, each change with its record.

The order is what keeps a registration from being lost or doubled: the row (`intent`) is committed
first, then `sent`, and only then does the first byte leave. Every change is a compare-and-swap on the
status, so a process that was presumed dead cannot undo what was settled without it.
"""

import hmac
import json
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from audit.actions import SYSTEM, Action, person
from audit.services import record
from orchestrator.models import LIVE, RegistrationSubmission, SubmissionStatus
from orchestrator.tools.contract import Booking


class AlreadyRegisteringError(Exception):
    """This child is registered for this program already, or is being registered.

    `submission_id` is None where the other registration was settled this very moment.
    """

    def __init__(self, submission_id: UUID | None) -> None:
        super().__init__(str(submission_id))
        self.submission_id = submission_id


@dataclass(frozen=True)
class Wish:
    """What a parent confirmed."""

    session_id: UUID
    user_id: UUID
    provider: str
    org_ref: str
    program_ref: str
    participant: str
    request_digest: str
    is_real: bool


RECORDS = {
    SubmissionStatus.CONFIRMED: Action.REGISTRATION_COMPLETED,
    SubmissionStatus.WAITLISTED: Action.REGISTRATION_WAITLISTED,
    SubmissionStatus.REJECTED: Action.REGISTRATION_REJECTED,
    SubmissionStatus.NOT_CREATED: Action.REGISTRATION_NOT_SENT,
    SubmissionStatus.OUTCOME_UNKNOWN: Action.REGISTRATION_OUTCOME_UNKNOWN,
    SubmissionStatus.NEEDS_OPERATOR: Action.REGISTRATION_NEEDS_OPERATOR,
}


def keyed_digest(purpose: str, value: Any) -> str:
    """Return 64 hex digits that tell equal values apart from others, and tell nothing else.

    Keyed, since children's names and answers are few enough to be guessed from a bare hash.
    """
    key = hmac.digest(settings.SECRET_KEY.encode(), f"signupassist {purpose} 1".encode(), "sha256")
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.digest(key, canonical.encode(), "sha256").hex()


def participant_key(name: str | None, user_id: UUID) -> str:
    """Return the keyed hash of a child's name, or of the person where no child is named."""
    known = unicodedata.normalize("NFKC", name).casefold() if name else None
    return keyed_digest("participant", [str(user_id), known])


def intend(wish: Wish, *, at: datetime) -> RegistrationSubmission:
    """Write the registration down before anything leaves, inside the caller's transaction.

    :raises AlreadyRegisteringError: if there is a live one for this child and program
    """
    submission = RegistrationSubmission(
        id=uuid4(),
        status=SubmissionStatus.INTENT,
        created_at=at,
        updated_at=at,
        **vars(wish),
    )
    try:
        with transaction.atomic():
            submission.save(force_insert=True)
    except IntegrityError:
        raise AlreadyRegisteringError(_live_twin(wish)) from None
    _record(Action.REGISTRATION_SUBMITTED, submission, actor=person(wish.user_id), at=at)
    return submission


def _live_twin(wish: Wish) -> UUID | None:
    live = RegistrationSubmission.objects.for_user(wish.user_id).filter(status__in=LIVE)
    same = live.filter(
        provider=wish.provider,
        org_ref=wish.org_ref,
        program_ref=wish.program_ref,
        participant=wish.participant,
    )
    twins = same | live.filter(session_id=wish.session_id)
    return twins.values_list("pk", flat=True).first()


def mark_sent(submission: RegistrationSubmission, *, at: datetime) -> bool:
    """Write that the first byte is about to leave; False where the row was settled meanwhile."""
    return bool(
        RegistrationSubmission.objects.filter(
            pk=submission.pk, status=SubmissionStatus.INTENT
        ).update(status=SubmissionStatus.SENT, sent_at=at, updated_at=at, attempts=1)
    )


def settle(
    submission: RegistrationSubmission,
    status: SubmissionStatus,
    *,
    of: Collection[SubmissionStatus],
    at: datetime,
    actor: str = SYSTEM,
    booking: Booking | None = None,
    source: str = "",
    error_code: str = "",
) -> bool:
    """Write what became of a registration, with its record, if it is in one of the states `of`.

    Return False where it is not: somebody else settled it.
    """
    settled: dict[str, Any] = {
        "status": status,
        "updated_at": at,
        "source": source,
        "error_code": error_code[:64],
    }
    if booking:
        settled |= {
            "confirmation_ref": booking["confirmation_ref"],
            "message": booking["message"] or "",
            "response": dict(booking),
            "answered_at": at,
        }
    with transaction.atomic():
        won = RegistrationSubmission.objects.filter(pk=submission.pk, status__in=list(of)).update(
            **settled
        )
        if won:
            told = {"error_code": error_code} if error_code else {}
            _record(RECORDS[status], submission, actor=actor, at=at, source=source or None, **told)
    return bool(won)


def keep_late_answer(submission: RegistrationSubmission, booking: Booking) -> None:
    """Keep a yes that came after the row was settled otherwise: somebody has to look at it."""
    RegistrationSubmission.objects.filter(pk=submission.pk).update(response=dict(booking))


def _record(
    action: Action,
    submission: RegistrationSubmission,
    *,
    actor: str,
    at: datetime,
    **told: Any,
) -> None:
    record(
        action=action,
        user_id=submission.user_id,
        actor=actor,
        at=at,
        provider=submission.provider,
        org_ref=submission.org_ref,
        program_ref=submission.program_ref,
        session_id=submission.session_id,
        metadata={
            "submission_id": str(submission.pk),
            "request_digest": submission.request_digest,
            "is_real": submission.is_real,
            **told,
        },
    )
