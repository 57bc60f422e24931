"""Logins of parents at providers, sealed."""

import uuid
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from credentials.fields import KeyIdIn, SealedTextField


class StoredCredentialQuerySet(models.QuerySet["StoredCredential"]):
    """Views and services reach logins through `for_user` alone."""

    def for_user(self, user_id: UUID) -> Self:
        """Return this person's own logins, without what is sealed: few want to open one."""
        return self.filter(user_id=user_id).defer("ciphertext")

    def fitting(self, provider: str, org_ref: str) -> Self:
        """Return those that serve this club: made for it, or for all of the provider's clubs."""
        return self.filter(provider=provider, org_ref__in=[org_ref, ""])


class StoredCredential(models.Model):
    """One login: the row says whose and where it is for, the ciphertext holds the secret."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    alias = models.CharField(max_length=80)
    provider = models.CharField(max_length=64)
    org_ref = models.CharField(max_length=200, blank=True, default="")
    ciphertext = SealedTextField()
    key_id = models.CharField(max_length=16)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = StoredCredentialQuerySet.as_manager()

    class Meta:
        db_table = "stored_credentials"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "provider", "org_ref", "alias"], name="one_login_per_alias"
            ),
            models.CheckConstraint(
                name="sealed_form_only", condition=Q(ciphertext__startswith="sa1.")
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="own_logins"),
            models.Index(KeyIdIn("ciphertext"), name="logins_by_key_in_text"),  # probes ask it
        ]

    def __str__(self) -> str:
        return f"{self.alias} ({self.provider})"


class RevealBudget(models.Model):
    """What a person asked of logins in the hour in which they last did.

    One row a person, so that nothing piles up; `credentials.statements` alone writes it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    hour = models.DateTimeField()  # when it began
    spent = models.PositiveIntegerField()  # logins revealed
    # openings refused, as far as they were counted: of own logins, and of what is not theirs
    refused = models.PositiveIntegerField(default=0, db_default=0)
    strange = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "reveal_budgets"

    def __str__(self) -> str:
        return f"{self.spent} in the hour from {self.hour:%Y-%m-%d %H:%M}"
