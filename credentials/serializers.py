"""The shape of logins at the door. Secrets come in here and go out only by `reveal`."""

import unicodedata
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from audit import opened
from audit.redaction import is_personal
from audit.strict import StrictSerializer
from credentials.models import StoredCredential

_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}  # controls, marks without a shape, line breaks
_JOINERS = "\u200c\u200d"  # they shape scripts, and join signs to a family


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

    def validate_alias(self, alias: str) -> str:
        """Refuse letters that nobody sees: pages would show another name than the one it has."""
        if any(
            unicodedata.category(letter) in _UNSEEN for letter in alias if letter not in _JOINERS
        ):
            raise serializers.ValidationError(_("Please use letters and signs that can be seen."))
        return alias

    def validate_provider(self, provider: str) -> str:
        """Refuse what is no name of a provider's: it is recorded for good."""
        return _name_of_a_thing(provider)

    def validate_org_ref(self, org_ref: str) -> str:
        """Refuse what is no name of a club's: it is recorded for good."""
        return _name_of_a_thing(org_ref)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse names that hold the login: names are shown, and recorded for good."""
        wrong = {}
        for field, of_name, of_reference in (
            (
                "email",
                _("Choose a name without your e-mail address."),
                _("This holds your e-mail address."),
            ),
            ("password", _("Choose a name without your password."), _("This holds your password.")),
        ):
            with opened.forgetting():
                opened.remember(attrs[field])
                if _is_part_of(attrs["alias"], attrs[field]) or opened.is_held(attrs["alias"]):
                    wrong["alias"] = [of_name]
                for name in ("provider", "org_ref"):
                    if opened.is_in_name(attrs[name]):
                        wrong[name] = [of_reference]
        if wrong:
            raise serializers.ValidationError(wrong)
        return attrs


def _name_of_a_thing(name: str) -> str:
    if is_personal(name):
        raise serializers.ValidationError(_("This looks like somebody's number or date."))
    return name


def _is_part_of(name: str, secret: str) -> bool:
    """Return whether a name holds a secret, in whatever case, width or between whatever spaces."""
    known, sought = (unicodedata.normalize("NFKC", text).casefold() for text in (name, secret))
    return (sought.strip() or sought) in known


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
