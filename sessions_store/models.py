"""Conversations that survive restarts and forget themselves after a day."""

import uuid
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from sessions_store.status import KEPT, Status


def one_lifetime_from_now() -> datetime:
    """Return when a session that begins now ends: fixed, whatever happens in it."""
    return timezone.now() + timedelta(hours=settings.SESSION_TTL_HOURS)


class SessionQuerySet(models.QuerySet["AgenticCheckoutSession"]):
    """Expiry is part of every read; the clean-up only frees the space."""

    def for_user(self, user_id: UUID) -> Self:
        """Return this person's own sessions."""
        return self.filter(user_id=user_id)

    def live(self, at: datetime) -> Self:
        """Return those that may be served at this time."""
        return self.filter(Q(expires_at__gt=at) | Q(status__in=KEPT))

    def expired(self, at: datetime) -> Self:
        """Return those that the clean-up may delete: past their time, and nobody at work on them."""
        return self.filter(expires_at__lte=at).exclude(status__in=KEPT).idle(at)

    def idle(self, at: datetime) -> Self:
        """Return those in which no turn is running."""
        return self.filter(Q(turn_token__isnull=True) | Q(turn_until__lte=at))


class AgenticCheckoutSession(models.Model):
    """One signup in progress: where it stands, and everything it knows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    provider_id = models.TextField(blank=True, default="")
    step = models.CharField(max_length=32)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    state = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    turn_token = models.UUIDField(null=True, editable=False)  # the fencing token of a running turn
    turn_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=one_lifetime_from_now)

    objects = SessionQuerySet.as_manager()

    class Meta:
        db_table = "agentic_checkout_sessions"
        verbose_name = "signup"
        permissions = [("end_agenticcheckoutsession", "Can end signups")]
        constraints = [
            models.CheckConstraint(name="known_status", condition=Q(status__in=Status.values)),
            models.CheckConstraint(
                name="lease_has_an_end",
                condition=Q(turn_token__isnull=True) | Q(turn_until__isnull=False),
            ),
            models.CheckConstraint(
                name="expires_after_creation", condition=Q(expires_at__gt=F("created_at"))
            ),
        ]
        indexes = [
            # No index holds what a turn changes, so that PostgreSQL can update in place (HOT).
            models.Index(fields=["user", "-created_at", "-id"], name="own_sessions"),
            models.Index(fields=["expires_at"], name="sessions_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.step} ({self.status})"


class SessionTurn(models.Model):
    """One message or action and what was answered; deleted together with its session."""

    class Outcome(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        INTERRUPTED = "interrupted"  # its process died; another turn took over
        ORPHANED = "orphaned"  # its result came after another turn took over

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(AgenticCheckoutSession, models.CASCADE, related_name="turns")
    seq = models.PositiveIntegerField()
    token = models.UUIDField(unique=True)
    intent = models.CharField(max_length=40)  # the action's name, or what a message meant
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.RUNNING)
    body = models.TextField(blank=True, default="")  # what was said and answered, sealed
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "session_turns"
        constraints = [
            models.UniqueConstraint(fields=["session", "seq"], name="turns_in_order"),
            models.CheckConstraint(
                name="sealed_body_only", condition=Q(body="") | Q(body__startswith="sa1.")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} #{self.seq} {self.intent} ({self.outcome})"


class JobRun(models.Model):
    """One run of a background job, as the job itself tells it: a run without an end died."""

    class Outcome(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        DIED = "died"  # its time was up, and it had not said how it ended
        REFUSED = "refused"  # not begun: the runs before it kept dying

    id = models.BigAutoField(primary_key=True)
    job = models.CharField(max_length=64)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.RUNNING)
    detail = models.CharField(max_length=200, blank=True, default="")  # a line for operators
    host = models.CharField(max_length=100)
    process = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "job_runs"
        constraints = [
            models.CheckConstraint(
                name="known_job_outcome",
                condition=Q(outcome__in=["running", "done", "failed", "died", "refused"]),
            )
        ]
        indexes = [models.Index(fields=["job", "-started_at"], name="job_runs_newest")]

    def __str__(self) -> str:
        return f"{self.job}: {self.outcome}"
