"""Whose turn it is to look at an unclear registration, and what they may do with it.

One at a time: by a lease on the row, taken and kept by compare-and-swap. Whoever lost it may still
bring a booking (that is true whoever saw it), and nothing else.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import F, Q

from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.models import SubmissionQuerySet as Rows

LEASE = timedelta(seconds=90)  # longer than any one call to a provider
UNDER_WAY = [SubmissionStatus.INTENT, SubmissionStatus.SENT]
UNSETTLED = [*UNDER_WAY, SubmissionStatus.OUTCOME_UNKNOWN]


def due(at: datetime) -> Rows:
    """Return the registrations to look at, the longest overdue first.

    Those under way are looked at every time: nobody knows when their process will have died. So is
    an unclear one that has no time yet.
    """
    rows = RegistrationSubmission.objects.filter(
        Q(check_at__lte=at)
        | Q(status=SubmissionStatus.INTENT)  # one by one, so that every database finds the index
        | Q(status=SubmissionStatus.SENT)
        | Q(status=SubmissionStatus.OUTCOME_UNKNOWN, check_at__isnull=True)
    )
    return rows.filter(_free(at)).order_by(F("check_at").asc(nulls_first=True), "pk")


def take(submission_id: UUID, *, at: datetime) -> RegistrationSubmission | None:
    """Return a registration that is due, under a new lease; None where somebody else has it."""
    token = uuid4()
    won = (
        due(at)
        .order_by()
        .filter(pk=submission_id)
        .update(lease_token=token, lease_until=at + LEASE)
    )
    return RegistrationSubmission.objects.get(pk=submission_id) if won else None


def keep(submission: RegistrationSubmission, *, at: datetime) -> bool:
    """Lengthen the lease before a call; False where it was lost, or the outcome is known now."""
    return bool(_held(submission).update(lease_until=at + LEASE))


def write_send(submission: RegistrationSubmission, *, at: datetime) -> bool:
    """Commit that the same key is about to leave once more; False as `keep` says."""
    sent = _held(submission).update(
        attempts=F("attempts") + 1, lease_until=at + LEASE, updated_at=at
    )
    submission.attempts += sent
    return bool(sent)


def unwrite_send(submission: RegistrationSubmission) -> None:
    """Take back what `write_send` wrote, where it is certain that nothing left."""
    submission.attempts -= _held(submission).update(attempts=F("attempts") - 1)


def count_lookup(submission: RegistrationSubmission) -> None:
    """Write that the provider was asked and knew nothing of it."""
    submission.lookups += _held(submission).update(lookups=F("lookups") + 1)


def postpone(submission: RegistrationSubmission, *, check_at: datetime) -> None:
    """Give the lease back, and say when the provider is to be asked again."""
    _held(submission).update(check_at=check_at, lease_token=None, lease_until=None)


def let_go(submission: RegistrationSubmission) -> None:
    """Give the lease back, and leave the rest as it is."""
    _leased(submission).update(lease_token=None, lease_until=None)


def is_seen_to(submission: RegistrationSubmission) -> None:
    """Give back the lease on one that is settled, and need not be looked at again."""
    settled = _leased(submission).exclude(status__in=UNSETTLED)
    settled.update(check_at=None, lease_token=None, lease_until=None)


def look_after(submission: RegistrationSubmission, *, at: datetime) -> None:
    """Have one that is settled looked at from this moment on: its session could not follow."""
    rows = RegistrationSubmission.objects.filter(pk=submission.pk)
    rows.exclude(status__in=UNSETTLED).update(check_at=at)


def _free(at: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lte=at)


def _held(submission: RegistrationSubmission) -> Rows:
    return _leased(submission).filter(status=SubmissionStatus.OUTCOME_UNKNOWN)


def _leased(submission: RegistrationSubmission) -> Rows:
    return RegistrationSubmission.objects.filter(
        pk=submission.pk, lease_token=submission.lease_token
    )
