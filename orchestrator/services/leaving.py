"""Deleting an account: everything that is a parent's goes at once, and what must stay names nobody.

What stays: the ledger, the receipts of registrations, and for twelve hours the log-ins on pages of other
devices, which nobody could find without reading everybody's. All know a person by an id that leads
nowhere any more.
"""

from datetime import datetime
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from accounts.models import ExternalIdentity, User
from accounts.services import endings
from audit.actions import Action, person
from audit.services import record
from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services.refusals import RefusedError
from sessions_store.models import AgenticCheckoutSession, SessionTurn

# Somebody may have been registered, and whoever asks the provider still needs to tell the parent.
UNCLEAR = frozenset(
    {
        SubmissionStatus.INTENT,
        SubmissionStatus.SENT,
        SubmissionStatus.OUTCOME_UNKNOWN,
        SubmissionStatus.NEEDS_OPERATOR,
    }
)
STILL_UNCLEAR = gettext_lazy(
    "We are still checking whether one of your registrations went through. You can "
    "delete your account once that is known."
)


def delete_account(*, user_id: UUID, at: datetime) -> None:
    """Delete a person with all that is theirs, recorded in their trail.

    A turn at work in one of their signups will not be written.

    :raises RefusedError: if what became of a registration is not known yet
    :raises AuditUnavailableError: if it cannot be recorded; then everything stays
    """
    with transaction.atomic():
        # locked, so that nobody begins or confirms a registration from here on
        user = User.objects.select_for_update().get(pk=user_id)
        signups = list(
            AgenticCheckoutSession.objects.for_user(user_id)
            .select_for_update()
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        receipts = RegistrationSubmission.objects.for_user(user_id)
        if receipts.filter(status__in=UNCLEAR).exists():
            raise RefusedError("submission_in_progress", detail=str(STILL_UNCLEAR))
        logins = StoredCredential.objects.for_user(user_id)
        record(
            action=Action.USER_DELETED,
            user_id=user_id,
            actor=person(user_id),
            at=at,
            metadata={"logins": logins.count(), "signups": len(signups)},
        )
        for identity in ExternalIdentity.objects.filter(user=user):
            endings.end_subject(issuer=identity.issuer, subject=identity.subject, at=at)
        # what a provider wrote may hold a child's name, and its answer what was sent
        receipts.update(sealed_request="", message="", response=None)
        SessionTurn.objects.filter(session__user=user).delete()
        AgenticCheckoutSession.objects.for_user(user_id).delete()
        logins.delete()
        _named_by_staff(user).delete()
        user.delete()  # and with it, by the database's own ties, all else that is theirs


def _named_by_staff(user: User) -> QuerySet[LogEntry]:
    """Return what Django's admin noted about this account: under its e-mail."""
    of_people = ContentType.objects.get_for_model(User)
    return LogEntry.objects.filter(content_type=of_people, object_id=str(user.pk))
