"""Serializers that take what they know and refuse the rest."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

MOST_NAMED = 10  # an answer need not repeat a whole hostile body
LONGEST_NAME = 100


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know, read-only ones included, with an error for each."""

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
        return {name[:LONGEST_NAME]: ["This field is not known."] for name in names}


class NothingInput(StrictSerializer):
    """A body that holds nothing."""
