"""What `manage.py check --database default` and `migrate` say of the keys."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Warning  # noqa: A004  Django's own name
from django.db import connections

from credentials import selectors
from credentials.models import StoredCredential
from credentials.services import ring


def check_keys(
    app_configs: Any, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Return a warning for each key that logins need and the ring does not hold."""
    if "default" not in (databases or ()) or not _has_table():
        return []
    return [
        Warning(
            f"The key {key_id} is missing in CRED_SEAL_KEY; logins that need it: {logins}.",
            hint="Put it back behind the other keys and start anew: nothing is lost.",
            id="credentials.W001",
        )
        for key_id, logins in selectors.logins_without_key(ring()).items()
    ]


def _has_table() -> bool:
    """Return whether there are logins yet: `migrate` asks before its work."""
    return StoredCredential._meta.db_table in connections["default"].introspection.table_names()
