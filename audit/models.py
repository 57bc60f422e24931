"""The ledger: what was done, for whom and by whom. Written once, then only read."""

import uuid
from collections.abc import Iterable
from typing import Any, NoReturn

from django.db import models
from django.db.models import Q

from audit import canonical
from audit.actions import Action


class AppendOnlyError(Exception):
    """Somebody tried to change or remove what stands in the ledger."""


class Ledger(models.QuerySet["MandateAudit"]):
    """Rows that can be added and read; everything else is refused before it reaches the database.

    The triggers of `audit.guards` are the wall; this is the sign in front of it.
    """

    def update(self, **kwargs: Any) -> NoReturn:
        _refuse()

    def _update(self, values: Any) -> NoReturn:  # what Model.save() would call for an UPDATE
        _refuse()

    def delete(self) -> NoReturn:
        _refuse()

    def _raw_delete(self, using: str | None) -> NoReturn:
        _refuse()

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()

    def update_or_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()

    def bulk_create(
        self,
        objs: Iterable["MandateAudit"],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> list["MandateAudit"]:
        """Add rows; one that stands there already is an error, never skipped or overwritten."""
        if ignore_conflicts or update_conflicts:
            _refuse()
        return super().bulk_create(objs, batch_size)


class MandateAudit(models.Model):
    """One line of the ledger. `audit.services.record` is its only writer.

    The ids of people, logins and sessions are copies without foreign keys: the record outlives
    what it tells of. E-mails are looked up when shown, so an erased account stays erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user_id = models.UUIDField("user id", null=True)  # whose trail it is; null: the system's
    actor = models.TextField()  # who did it
    action = models.TextField()
    provider = models.TextField(null=True)
    org_ref = models.TextField("organisation", null=True)
    program_ref = models.TextField("program", null=True)
    credential_id = models.UUIDField("login id", null=True)
    session_id = models.UUIDField("session id", null=True)
    metadata = models.JSONField()
    created_at = models.DateTimeField("recorded at")
    schema_v = models.IntegerField("schema version", default=canonical.SCHEMA_V)
    content_hash = models.TextField()

    objects = Ledger.as_manager()

    class Meta:
        db_table = "mandate_audit"
        base_manager_name = "objects"  # the back door gets the same lock
        default_permissions = ("view",)  # nobody can be allowed to write
        permissions = [("export_mandateaudit", "Can export audit records")]
        verbose_name = "audit record"
        indexes = [
            # each ends in the order of every list: newest first, and never a tie
            models.Index(fields=["-created_at", "-id"], name="audit_newest"),
            models.Index(fields=["user_id", "-created_at", "-id"], name="audit_of_user"),
            models.Index(fields=["action", "-created_at", "-id"], name="audit_of_action"),
            models.Index(fields=["session_id", "-created_at", "-id"], name="audit_of_session"),
            models.Index(
                fields=["credential_id", "-created_at", "-id"],
                name="audit_of_credential",
                condition=Q(credential_id__isnull=False),  # few rows tell of a login
            ),
        ]

    def __str__(self) -> str:
        return f"{Action.describe(self.action)}, {canonical.moment(self.created_at)}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            _refuse()
        super().save(**(kwargs | {"force_insert": True}))  # never an update in disguise

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse()

    def computed_hash(self) -> str:
        """Return the hash of what this row says now; it equals `content_hash` if all is well."""
        names = (field.attname for field in self._meta.concrete_fields)
        return canonical.content_hash({name: getattr(self, name) for name in names})


def _refuse() -> NoReturn:
    raise AppendOnlyError("The audit ledger is append-only.")
