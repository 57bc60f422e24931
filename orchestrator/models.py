"""Registrations that were confirmed, the lasting receipts; and answers kept for a repeated request."""

import uuid
from typing import Self
from uuid import UUID

from django.conf import settings
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
NEEDS_A_PERSON = Q(status=SubmissionStatus.NEEDS_OPERATOR) | Q(late_answer_at__isnull=False)


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
    org_name = models.TextField(blank=True, default="", db_default="")  # as shown
    program_title = models.TextField(blank=True, default="", db_default="")
    status = models.CharField(max_length=16, choices=SubmissionStatus.choices)
    is_real = models.BooleanField()  # sent to a real provider, or to the sample tools
    source = models.CharField(max_length=8, default="")  # who answered: mcp or mock
    request_digest = models.CharField(max_length=64)
    # what was sent, sealed, for as long as it may have to be sent again
    sealed_request = models.TextField(blank=True, default="", db_default="")
    confirmation_ref = models.TextField(blank=True, default="")
    message = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=64, blank=True, default="")
    response = models.JSONField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    # Reconciliation: asked again when `check_at` has come, by whoever holds the lease
    lookups = models.PositiveIntegerField(
        default=0, db_default=0
    )  # how often the provider knew nothing of it
    check_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    late_answer_at = models.DateTimeField(null=True, blank=True)  # a yes after another outcome
    # News for the parent: what was settled while they were not waiting for the answer
    news_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        db_table = "registration_submissions"
        verbose_name = "registration"
        permissions = [("resolve_registrationsubmission", "Can settle registrations")]
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
            models.CheckConstraint(
                name="sealed_request_only",
                condition=Q(sealed_request="") | Q(sealed_request__startswith="sa1."),
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "-created_at", "-id"], name="own_submissions"),
            models.Index(fields=["session_id"], name="submissions_of_session"),
            models.Index(
                fields=["check_at"],
                name="submissions_to_check",
                condition=Q(check_at__isnull=False),
            ),
            # each status by itself, as `watch.due` asks: SQLite takes no partial index for an IN
            models.Index(
                fields=["status", "check_at"],
                name="submissions_unsettled",
                condition=Q(status=SubmissionStatus.INTENT)
                | Q(status=SubmissionStatus.SENT)
                | Q(status=SubmissionStatus.OUTCOME_UNKNOWN),
            ),
            models.Index(
                fields=["news_at"],
                name="submissions_to_mail",
                condition=Q(news_at__isnull=False, mailed_at__isnull=True),
            ),
            models.Index(fields=["-created_at", "-id"], name="submissions_newest"),
            models.Index(
                fields=["-created_at", "-id"],
                name="submissions_for_staff",
                condition=NEEDS_A_PERSON,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program_ref} at {self.org_ref}: {self.status}"


class IdempotencyKey(models.Model):
    """A request that a client may repeat, and its answer once there is one (`Idempotency-Key`).

    Scoped to person and path. Request and answer lie sealed: both can hold what a parent typed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    path = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    sealed = models.TextField()  # the request's digest, and the answer where there is one
    is_done = models.BooleanField(default=False)
    lease_token = models.UUIDField(null=True, editable=False)  # of the request that is running
    lease_until = models.DateTimeField(null=True, editable=False)
    turn_token = models.UUIDField(null=True, editable=False)  # the turn that the request claimed
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "idempotency_keys"
        constraints = [
            models.UniqueConstraint(fields=["user", "path", "key"], name="one_answer_per_key"),
            models.CheckConstraint(
                name="sealed_answer_only", condition=Q(sealed__startswith="sa1.")
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="answers_by_expiry")]

    def __str__(self) -> str:
        return f"{self.path}: {'answered' if self.is_done else 'running'}"
