"""The shape of the ledger at the door of the API."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.actions import Action
from audit.models import MandateAudit
from audit.strict import StrictSerializer


class AuditQuery(StrictSerializer):
    """What may stand behind the `?`; a name without a value asks for nothing."""

    action = serializers.ChoiceField(choices=Action.choices, required=False)
    provider = serializers.CharField(required=False, max_length=128)
    session_id = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False, help_text="RFC 3339, inclusive")
    until = serializers.DateTimeField(required=False, help_text="RFC 3339, exclusive")
    cursor = serializers.CharField(required=False, help_text="`next` of the page before")


@extend_schema_field(OpenApiTypes.OBJECT)
class MetadataField(serializers.JSONField):
    """An object whose keys depend on the action."""


class AuditRow(serializers.ModelSerializer[MandateAudit]):
    """A row of the ledger: the table's columns, all that `content_hash` was computed over."""

    metadata = MetadataField()
    created_at = serializers.DateTimeField(format="%Y-%m-%dT%H:%M:%S.%fZ")

    class Meta:
        model = MandateAudit
        fields = (
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


class AuditPage(serializers.Serializer[None]):
    """A page of one's own rows, newest first."""

    results = AuditRow(many=True)
    next = serializers.CharField(allow_null=True)
