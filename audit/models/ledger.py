"""The ledger: what was done, for whom and by whom. Written once, then only read."""

import uuid

from django.db import models
from django.db.models import Q

from audit import canonical
from audit.actions import Action
from audit.models.append_only import WrittenOnce
from audit.models.metadata import MetadataField
from audit.models.text import RecordedText, Unreadable


class MandateAudit(WrittenOnce):
    """One line of the ledger. `audit.services.record` is its only writer.

    The ids of people, logins and sessions are copies without foreign keys: the record outlives
    what it tells of. E-mails are looked up when shown, so an erased account stays erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user_id = models.UUIDField("user id", null=True)  # whose trail it is; null: the system's
    actor = RecordedText()  # who did it
    action = RecordedText()
    provider = RecordedText(null=True)
    org_ref = RecordedText("organisation", null=True)
    program_ref = RecordedText("program", null=True)
    credential_id = models.UUIDField("login id", null=True)
    session_id = models.UUIDField("session id", null=True)
    metadata = MetadataField()
    created_at = models.DateTimeField("recorded at")
    schema_v = models.IntegerField("schema version", default=canonical.SCHEMA_V)
    content_hash = RecordedText()

    class Meta(WrittenOnce.Meta):
        db_table = "mandate_audit"
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

    def computed_hash(self) -> str:
        """Return the hash of what this row says now; it equals `content_hash` if all is well.

        :raises ProfileError: if it is no record, whoever wrote it
        """
        said = {field.attname: getattr(self, field.attname) for field in self._meta.concrete_fields}
        if any(isinstance(value, Unreadable) for value in said.values()):
            raise canonical.ProfileError("a column holds what is no text")
        return canonical.content_hash(said)
