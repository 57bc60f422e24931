"""Who can log in."""

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """Return a saved person; without a password they cannot log in with one."""
        user = self.model(email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """Return a saved person with every right; `manage.py createsuperuser` also records it."""
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True} | extra)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the e-mail as it is compared: without spaces around, in lower case."""
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.normalize_email(username), is_local=True)


class User(AbstractBaseUser, PermissionsMixin):
    """A person: a parent, or staff. The id is a UUID everywhere, also where no key points here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("e-mail", blank=True)  # '' where an issuer told none
    is_local = models.BooleanField(
        default=True, db_default=True, help_text="Logs in here, not at another issuer."
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May use the admin.")
    date_joined = models.DateTimeField(default=timezone.now)
    logins_valid_from = models.DateTimeField(
        null=True, help_text="Whoever proved who they are before this moment must log in again."
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        permissions: ClassVar = [("disable_user", "Can disable and enable accounts")]
        constraints: ClassVar = [
            # whom an issuer vouches for may well have the address of somebody who signed up here
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(is_local=True),
                name="users_email_of_local_accounts",
            )
        ]

    def __str__(self) -> str:
        return self.email or str(self.pk)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = UserManager.normalize_email(self.email)
        super().save(*args, **kwargs)

    def get_session_auth_hash(self) -> str:
        """Return what a session is begun on: another password or "log out everywhere" ends it."""
        return self._until_ended(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield the same by older SECRET_KEYs that still count."""
        return map(self._until_ended, super().get_session_auth_fallback_hash())

    def _until_ended(self, of_password: str) -> str:
        if self.logins_valid_from is None:
            return of_password
        text = of_password + self.logins_valid_from.isoformat()
        return hashlib.sha256(text.encode()).hexdigest()


class ExternalIdentity(models.Model):
    """Who an issuer's subject is here. Nobody is ever found by their e-mail."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.TextField()
    subject = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "external_identities"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="external_identities_issuer_subject"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class EndedLogin(models.Model):
    """A log-in with a token that was ended early: its tokens are refused until they are too old.

    The key names one token, one session of an issuer, or a person who deleted their account, and
    nobody can read from it which (SHA-256).
    """

    key = models.CharField(primary_key=True, max_length=64)
    ended_at = models.DateTimeField(help_text="Tokens that were issued until then are refused.")
    forget_at = models.DateTimeField(db_index=True, help_text="By then the last token is too old.")

    class Meta:
        db_table = "ended_logins"

    def __str__(self) -> str:
        return f"log-in that ended at {self.ended_at:%Y-%m-%d %H:%M}"


class RequestCount(models.Model):
    """How many requests somebody was granted in the minute in which they last asked.

    The key is a digest of who they are. `accounts.statements` alone writes it.
    """

    key = models.CharField(primary_key=True, max_length=64)
    minute = models.BigIntegerField(db_index=True)  # of the Unix epoch
    taken = models.PositiveIntegerField()

    class Meta:
        db_table = "request_counts"

    def __str__(self) -> str:
        return f"{self.taken} in minute {self.minute}"
