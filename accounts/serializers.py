"""The shape of what crosses the API's doors about accounts."""

from typing import Any

from rest_framework import serializers

from audit.strict import StrictSerializer


class TokenInput(StrictSerializer):
    """An e-mail and the password that belongs to it; with a second factor, a code as well."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1_024, trim_whitespace=False, write_only=True)
    code = serializers.CharField(max_length=64, required=False, write_only=True)


class TokenOutput(serializers.Serializer[Any]):
    """A bearer token and the seconds it is good for."""

    access = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["Bearer"])
    expires_in = serializers.IntegerField()


class MeOutput(serializers.Serializer[Any]):
    """Who is logged in."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    is_staff = serializers.BooleanField()
