"""Serializers that take what they know and refuse the rest."""

import re
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.settings import api_settings

from audit import opened

MOST_NAMED = 10  # an answer need not repeat a whole hostile body
PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know, read-only ones included, with an error for each.

    What no program would call a field is not repeated: somebody may have typed a secret there.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated fields.

        :raises serializers.ValidationError: if a field is unknown, missing or wrong
        """
        unknown = self._unknown(data)
        try:
            known = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not unknown or not isinstance(error.detail, dict):
                raise
            raise serializers.ValidationError({**unknown, **error.detail}) from None
        if unknown:
            raise serializers.ValidationError(unknown)
        return known

    def _unknown(self, data: Any) -> dict[str, list[str]]:
        if not isinstance(data, Mapping):
            return {}
        writable = {name for name, field in self.fields.items() if not field.read_only}
        names = sorted(str(name) for name in data if name not in writable)[:MOST_NAMED]
        return {_shown(name): ["This field is not known."] for name in names}


class NothingInput(StrictSerializer):
    """A body that holds nothing."""


def _shown(name: str) -> str:
    """Return the name of a field, or where errors of no field stand if it may be a secret."""
    is_harmless = PLAIN_NAME.fullmatch(name) and opened.scrub(name) == name
    return name if is_harmless else str(api_settings.NON_FIELD_ERRORS_KEY)
