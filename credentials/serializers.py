"""The shape of logins at the door. Secrets come in here and go out only by `reveal`."""

from typing import Any

from rest_framework import serializers

from audit import opened
from audit.strict import StrictSerializer
from credentials.models import StoredCredential


class CredentialInput(StrictSerializer):
    """What a parent types into the log-in dialog."""

    alias = serializers.CharField(max_length=80)
    provider = serializers.RegexField(r"^[A-Za-z0-9_.-]{1,64}$")
    org_ref = serializers.RegexField(
        r"^[!-~]{1,200}$", required=False, allow_blank=True, default=""
    )
    email = serializers.EmailField(max_length=254, write_only=True)
    password = serializers.CharField(max_length=1024, trim_whitespace=False, write_only=True)
    session_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    replace = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a name that holds the password: names are shown, and recorded for good."""
        if len(attrs["password"]) >= opened.SHORTEST and attrs["password"] in attrs["alias"]:
            raise serializers.ValidationError({"alias": ["Choose a name without your password."]})
        return attrs


class CredentialOutput(serializers.ModelSerializer[StoredCredential]):
    """A saved login as its owner sees it: never the secret."""

    class Meta:
        model = StoredCredential
        fields = ("id", "alias", "provider", "org_ref", "created_at", "updated_at")
        read_only_fields = fields


class CredentialPage(serializers.Serializer[None]):
    """A page of saved logins, newest first."""

    results = CredentialOutput(many=True)
    next = serializers.CharField(allow_null=True)


class RevealOutput(serializers.Serializer[None]):
    """The login in plain text, for its owner alone."""

    id = serializers.UUIDField()
    alias = serializers.CharField()
    provider = serializers.CharField()
    email = serializers.CharField()
    password = serializers.CharField()
