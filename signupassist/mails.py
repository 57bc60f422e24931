"""Which way mail goes, as EMAIL_URL says."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from signupassist import env

PRINTED = "consolemail://"
GOOD = "EMAIL_URL=smtp+tls://user:password@host:587"


def read(url: str) -> dict[str, Any]:
    """Return Django's settings for mail; without a URL it is printed.

    :raises SettingsError: if the URL cannot be understood
    """
    try:
        found: dict[str, Any] = environ.Env.email_url_config(url or PRINTED)
    except (ImproperlyConfigured, ValueError, KeyError):
        found = {}
    if not found.get("EMAIL_BACKEND"):
        raise env.SettingsError(f"EMAIL_URL cannot be understood. Good: {GOOD}")
    return {name: value for name, value in found.items() if name.startswith("EMAIL_")}


def reaches_parents(mail: dict[str, Any]) -> bool:
    """Say whether mail leaves; what is printed to the console no parent reads."""
    return bool(mail["EMAIL_BACKEND"] != read(PRINTED)["EMAIL_BACKEND"])
