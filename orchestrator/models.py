"""Registrations that were confirmed: the lasting receipts."""

import uuid
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Q


class SubmissionStatus(models.TextChoices):
    """What became of a registration."""

    INTENT = "intent"  # confirmed by the parent; nothing has left yet
    SENT = "sent"  # the first byte may have left
    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    REJECTED = "rejected"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NOT_CREATED = "not_created"  # certain: nothing was booked
    NEEDS_OPERATOR = "needs_operator"


LIVE = [
    SubmissionStatus.INTENT,
    SubmissionStatus.SENT,
    SubmissionStatus.CONFIRMED,
    SubmissionStatus.WAITLISTED,
    SubmissionStatus.OUTCOME_UNKNOWN,
    SubmissionStatus.NEEDS_OPERATOR,
]


class SubmissionQuerySet(models.QuerySet["RegistrationSubmission"]):
    """Views and services reach registrations through `for_user` alone."""

    def for_user(self, user_id: UUID) -> Self:
        """Return this person's own registrations."""
        return self.filter(user_id=user_id)


class RegistrationSubmission(models.Model):
    """One confirmed registration. Its id is the idempotency key that the provider gets.

    Session and person are plain ids: the receipt outlives both.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session_id = models.UUIDField()
    user_id = models.UUIDField()
    provider = models.TextField()
    org_ref = models.TextField()
    program_ref = models.TextField()
    participant = models.CharField(max_length=64)  # keyed hash: who, without the name
    status = models.CharField(max_length=16, choices=SubmissionStatus.choices)
    is_real = models.BooleanField()  # sent to a real provider, or to the sample tools
    source = models.CharField(max_length=8, default="")  # who answered: mcp or mock
    request_digest = models.CharField(max_length=64)
    confirmation_ref = models.TextField(blank=True, default="")
    message = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=64, blank=True, default="")
    response = models.JSONField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        db_table = "registration_submissions"
        constraints = [
            models.CheckConstraint(
                name="known_submission_status", condition=Q(status__in=SubmissionStatus.values)
            ),
            models.UniqueConstraint(
                fields=["session_id"], name="one_live_per_session", condition=Q(status__in=LIVE)
            ),
            models.UniqueConstraint(
                fields=["user_id", "provider", "org_ref", "program_ref", "participant"],
                name="one_live_per_child_and_program",
                condition=Q(status__in=LIVE),
            ),
            models.CheckConstraint(
                name="no_sample_is_a_real_booking",
                condition=Q(is_real=False)
                | ~Q(source="mock")
                | ~Q(status__in=[SubmissionStatus.CONFIRMED, SubmissionStatus.WAITLISTED]),
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "-created_at", "-id"], name="own_submissions"),
            models.Index(fields=["session_id"], name="submissions_of_session"),
        ]

    def __str__(self) -> str:
        return f"{self.program_ref} at {self.org_ref}: {self.status}"
