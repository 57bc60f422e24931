"""Settling by hand what no machine could: staff asked the provider, and write down what they heard."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from audit.actions import Action, staff
from orchestrator.models import LIVE, RegistrationSubmission, SubmissionStatus
from orchestrator.services import confirming
from orchestrator.submissions import ledger
from orchestrator.tools.contract import Booking
from sessions_store import services as store

LONGEST_REASON = 500
LONGEST_REFERENCE = 200  # as long as a provider's own may be


class AlreadyResolvedError(Exception):
    """Nothing is left to settle: somebody was faster, perhaps a second click."""


class TwinError(Exception):
    """The parent has a newer registration for this child and program: both cannot stand."""


def needs_a_person(submission: RegistrationSubmission) -> bool:
    """Return whether a registration waits for staff."""
    return (
        submission.status == SubmissionStatus.NEEDS_OPERATOR
        or submission.late_answer_at is not None
    )


def late_reference(submission: RegistrationSubmission) -> str | None:
    """Return the provider's reference in a yes that came too late, where it was kept."""
    if submission.late_answer_at is None or submission.status in ledger.BOOKED:
        return None  # the row holds the other one; the record has both
    reference: str | None = (submission.response or {}).get("confirmation_ref")
    return reference


def has_live_twin(submission: RegistrationSubmission) -> bool:
    """Return whether the parent has registered the same child for the same program besides."""
    own = RegistrationSubmission.objects.for_user(submission.user_id)
    return (
        own.filter(
            provider=submission.provider,
            org_ref=submission.org_ref,
            program_ref=submission.program_ref,
            participant=submission.participant,
            status__in=LIVE,
        )
        .exclude(pk=submission.pk)
        .exists()
    )


def resolve(
    *,
    submission_id: UUID,
    staff_id: UUID,
    found: bool,
    confirmation_ref: str = "",
    waitlisted: bool = False,
    reason: str,
    at: datetime,
) -> None:
    """Write what the provider told staff: row, session, record and the parent's news, or nothing.

    :raises RegistrationSubmission.DoesNotExist: if there is no such registration
    :raises AlreadyResolvedError: if it does not need a person (any more)
    :raises TwinError: if it cannot be booked beside a newer one for the same child and program
    :raises ValueError: without a reason, or a reference for what was found; or if they are too long
    """
    reason, reference = reason.strip(), confirmation_ref.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise ValueError(f"a reason has 1 to {LONGEST_REASON} characters")
    if found and not 0 < len(reference) <= LONGEST_REFERENCE:
        raise ValueError(f"a confirmation reference has 1 to {LONGEST_REFERENCE} characters")
    try:
        with transaction.atomic():
            submission = _waiting(submission_id)
            how: dict[str, Any] = {"actor": staff(staff_id), "at": at}
            if found:
                _book(submission, reference, waitlisted=waitlisted, reason=reason, how=how)
            elif submission.status == SubmissionStatus.NEEDS_OPERATOR:
                status = SubmissionStatus.NOT_CREATED
                _conclude(submission, status, how | {"told": _told(submission, status, reason)})
            else:  # only the late answer came to nothing: the status stays
                told = _told(submission, submission.status, reason)
                ledger.close_late_answer(submission, told=told, **how)
    except IntegrityError:
        raise TwinError from None


def _waiting(submission_id: UUID) -> RegistrationSubmission:
    """Return the registration, held together with its session until the transaction ends."""
    rows = RegistrationSubmission.objects.filter(pk=submission_id)
    store.lock(rows.get().session_id)
    submission = rows.select_for_update().get()
    if not needs_a_person(submission):
        raise AlreadyResolvedError
    return submission


def _book(
    submission: RegistrationSubmission,
    reference: str,
    *,
    waitlisted: bool,
    reason: str,
    how: dict[str, Any],
) -> None:
    status = SubmissionStatus.WAITLISTED if waitlisted else SubmissionStatus.CONFIRMED
    booking: Booking = {
        "status": "waitlisted" if waitlisted else "confirmed",
        "confirmation_ref": reference,
        "message": None,
    }
    source = "" if submission.is_real else "mock"  # staff said so, and a sample stays one
    told = _told(submission, status, reason)
    _conclude(submission, status, how | {"booking": booking, "source": source, "told": told})


def _conclude(
    submission: RegistrationSubmission, status: SubmissionStatus, how: dict[str, Any]
) -> None:
    of = {SubmissionStatus(submission.status)}
    action = Action.REGISTRATION_RESOLVED
    if not confirming.conclude(submission, status, of=of, action=action, **how):
        raise AlreadyResolvedError


def _told(submission: RegistrationSubmission, outcome: str, reason: str) -> dict[str, Any]:
    """Return what the record says about the decision, beside what it is about."""
    return {
        "outcome": str(outcome),
        "late_answer": submission.late_answer_at is not None,
        "explanation": reason,
    }
