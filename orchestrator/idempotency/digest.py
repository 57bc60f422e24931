"""When two requests are the same: key order and 1.0 or 1 make no difference, null is not absent."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.views.decorators.debug import sensitive_variables


@sensitive_variables()
def digest_of(method: str, body: Any) -> str:
    """Return what tells this request from another one (SHA-256, hex); `body` is parsed JSON."""
    text = json.dumps([method, _plain(body)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return the value with every whole number written as one."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
