"""The rows of registrations and their states, each change with its record.

The order is what keeps a registration from being lost or doubled: the row (`intent`) is committed
first, then `sent`, and only then does the first byte leave. Every change is a compare-and-swap on the
status, so a process that was presumed dead cannot undo what was settled without it.
"""

import hmac
import json
import unicodedata
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from audit import opened, redaction
from audit.actions import SYSTEM, Action, person
from audit.services import record
from credentials import services as vault
from orchestrator.models import LIVE, RegistrationSubmission, SubmissionStatus
from orchestrator.submissions import timetable
from orchestrator.tools.contract import Booking

BOOKED = frozenset({SubmissionStatus.CONFIRMED, SubmissionStatus.WAITLISTED})
LATE_ANSWER = "late_answer"
NOTHING_TO_CHECK = {"check_at": None, "lease_token": None, "lease_until": None}


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
    org_name: str
    program_title: str
    request_digest: str
    is_real: bool


@dataclass(frozen=True, repr=False)
class Request:
    """What is sent, and with which login: kept sealed for as long as it may have to go out again."""

    credential_id: str
    org_ref: str
    program_ref: str
    answers: Mapping[str, Any]


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


@sensitive_variables()
def intend(wish: Wish, request: Request, *, at: datetime) -> RegistrationSubmission:
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
    submission.sealed_request = vault.seal_json(vars(request), **_place(submission))
    try:
        with transaction.atomic():
            submission.save(force_insert=True)
    except IntegrityError:
        raise AlreadyRegisteringError(_live_twin(wish)) from None
    record_about(submission, Action.REGISTRATION_SUBMITTED, actor=person(wish.user_id), at=at)
    return submission


@sensitive_variables()
def request_of(submission: RegistrationSubmission) -> Request:
    """Return what was sent.

    :raises KeyUnavailableError: if its key is missing
    :raises CredentialUnreadableError: if it is damaged, or gone since the outcome is known
    """
    request = Request(**vault.open_json(submission.sealed_request, **_place(submission)))
    opened.remember_typed(*redaction.texts_in(request.answers))
    return request


def _place(submission: RegistrationSubmission) -> dict[str, Any]:
    return {
        "table": submission._meta.db_table,
        "row_id": submission.pk,
        "user_id": submission.user_id,
        "label": "request",
    }


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
    intended = RegistrationSubmission.objects.filter(
        pk=submission.pk, status=SubmissionStatus.INTENT
    )
    won = intended.update(status=SubmissionStatus.SENT, sent_at=at, updated_at=at, attempts=1)
    if won:
        submission.sent_at = at
    return bool(won)


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
    lease: UUID | None = None,
    news: bool = False,
    action: Action | None = None,
    told: Mapping[str, Any] | None = None,
) -> bool:
    """Write what became of a registration, with its record, if it is in one of the states `of`.

    `lease`: and only while this lease on it is held. `news`: the parent is not waiting for the
    answer and has to be told. `action` and `told`: what is recorded, besides the usual.

    Return False where it is not: somebody else settled it.
    """
    settled: dict[str, Any] = {
        "status": status,
        "updated_at": at,
        "source": source,
        "error_code": error_code[:64],
    }
    if status == SubmissionStatus.OUTCOME_UNKNOWN:
        settled["check_at"] = (submission.sent_at or at) + timetable.FIRST_CHECK
    else:
        settled |= NOTHING_TO_CHECK | {"sealed_request": "", "late_answer_at": None}
    if booking:
        settled |= {
            "confirmation_ref": booking["confirmation_ref"],
            "message": booking["message"] or "",
            "response": dict(booking),
            "answered_at": at,
        }
    if news:
        settled |= _news(at)
    rows = RegistrationSubmission.objects.filter(pk=submission.pk, status__in=list(of))
    if lease:
        rows = rows.filter(lease_token=lease)
    about: dict[str, Any] = {"error_code": error_code} if error_code else {}
    about |= told or {}
    with transaction.atomic():
        won = rows.update(**settled)
        if won:
            record_about(
                submission,
                action or RECORDS[status],
                actor=actor,
                at=at,
                source=source or None,
                **about,
            )
    return bool(won)


def _news(at: datetime) -> dict[str, datetime | None]:
    return {"news_at": at, "told_at": None, "mailed_at": None}


def keep_late_answer(submission: RegistrationSubmission, booking: Booking, *, at: datetime) -> bool:
    """Keep a yes that came after the row was settled, and raise the alarm: a person has to look.

    Return False where it only says what is known already. A row that says that nothing was booked
    becomes one that needs a person, unless the parent has registered anew meanwhile; what was
    booked otherwise stays as it is.
    """
    with transaction.atomic():
        rows = RegistrationSubmission.objects.select_for_update().filter(pk=submission.pk)
        row = rows.get()
        is_booked = row.status in BOOKED
        if is_booked and row.confirmation_ref == booking["confirmation_ref"]:
            return False
        rows.update(late_answer_at=at)
        if not is_booked:
            rows.update(response=dict(booking))
        if not is_booked and row.status != SubmissionStatus.NEEDS_OPERATOR:
            with suppress(IntegrityError), transaction.atomic():
                rows.update(
                    status=SubmissionStatus.NEEDS_OPERATOR,
                    updated_at=at,
                    sealed_request="",
                    **NOTHING_TO_CHECK,
                    **_news(at),
                )
        record_about(
            submission,
            Action.REGISTRATION_NEEDS_OPERATOR,
            actor=SYSTEM,
            at=at,
            reason=LATE_ANSWER,
            late_confirmation_ref=booking["confirmation_ref"],
        )
    return True


def close_late_answer(
    submission: RegistrationSubmission, *, actor: str, at: datetime, told: Mapping[str, Any]
) -> bool:
    """Write that a person has looked at a late answer, where the status stays as it is.

    Return False where there is none (any more).
    """
    late = RegistrationSubmission.objects.filter(pk=submission.pk, late_answer_at__isnull=False)
    with transaction.atomic():
        closed = late.update(late_answer_at=None, updated_at=at)
        if closed:
            record_about(submission, Action.REGISTRATION_RESOLVED, actor=actor, at=at, **told)
    return bool(closed)


def record_about(
    submission: RegistrationSubmission,
    action: Action,
    *,
    actor: str,
    at: datetime,
    credential_id: UUID | None = None,
    **told: Any,
) -> None:
    """Record something about a registration: what it is, and what is told besides."""
    record(
        action=action,
        user_id=submission.user_id,
        actor=actor,
        at=at,
        provider=submission.provider,
        org_ref=submission.org_ref,
        program_ref=submission.program_ref,
        session_id=submission.session_id,
        credential_id=credential_id,
        metadata={
            "submission_id": str(submission.pk),
            "request_digest": submission.request_digest,
            "is_real": submission.is_real,
            **told,
        },
    )
