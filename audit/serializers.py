"""The shape of the ledger at the door of the API."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit import bundles
from audit.actions import Action
from audit.models import MandateAudit
from audit.proofs import RecordProof
from audit.strict import StrictSerializer


class AuditFilters(StrictSerializer):
    """What may stand behind the `?`; a name without a value asks for nothing."""

    action = serializers.ChoiceField(choices=Action.choices, required=False)
    provider = serializers.CharField(required=False, max_length=128)
    session_id = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False, help_text="RFC 3339, inclusive")
    until = serializers.DateTimeField(required=False, help_text="RFC 3339, exclusive")


class AuditQuery(AuditFilters):
    """The filters, and which page."""

    cursor = serializers.CharField(required=False, help_text="`next` of the page before")


class ExportQuery(AuditFilters):
    """The filters, and how it is to be written."""

    format = serializers.ChoiceField(choices=["csv", "jsonl"])
    since_size = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="the size of an older checkpoint: a bundle then proves that the log only grew",
    )


@extend_schema_field(OpenApiTypes.OBJECT)
class MetadataField(serializers.JSONField):
    """An object whose keys depend on the action."""


class AuditRow(serializers.ModelSerializer[MandateAudit]):
    """A row of the ledger: the table's columns, all that `content_hash` was computed over."""

    metadata = MetadataField()
    created_at = serializers.DateTimeField(format="%Y-%m-%dT%H:%M:%S.%fZ")

    class Meta:
        model = MandateAudit
        fields: tuple[str, ...] = (
            "id",
            "user_id",
            "actor",
            "action",
            "provider",
            "org_ref",
            "program_ref",
            "credential_id",
            "session_id",
            "metadata",
            "created_at",
            "schema_v",
            "content_hash",
        )
        read_only_fields = fields


class AuditProof(serializers.Serializer[None]):
    """The proof that a record is in the log that the checkpoint signed; `docs/verify.md`."""

    log_index = serializers.IntegerField()
    subject_seq = serializers.IntegerField()
    subject_tag = serializers.CharField()
    tree_size = serializers.IntegerField()
    checkpoint = serializers.CharField(help_text="a signed note (C2SP)")
    inclusion = serializers.ListField(
        child=serializers.CharField(), help_text="hashes in base64, from the leaf upward"
    )


class ProvenAuditRow(AuditRow):
    """A row of the ledger with its proof, which the context holds, or with what stands against it."""

    proof = serializers.SerializerMethodField()
    proof_error = serializers.SerializerMethodField()

    class Meta(AuditRow.Meta):
        fields = (*AuditRow.Meta.fields, "proof", "proof_error")
        read_only_fields = fields

    @extend_schema_field(AuditProof(allow_null=True))
    def get_proof(self, row: MandateAudit) -> dict[str, Any] | None:
        """Return it; null as long as the record waits to be sealed."""
        proof: RecordProof | None = self.context["proof"]
        return bundles.record_proof(row, proof) if proof else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_proof_error(self, row: MandateAudit) -> str | None:
        """Return the code of what keeps a sealed record from being proved; else null."""
        code: str | None = self.context["proof_error"]
        return code


class AuditPage(serializers.Serializer[None]):
    """A page of one's own rows, newest first."""

    results = AuditRow(many=True)
    next = serializers.CharField(allow_null=True)
