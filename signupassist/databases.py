"""Which database the settings name, and as whom this process logs in to it."""

import sqlite3
import sys
import warnings
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from signupassist import env

# What operators start, and what of it is the running service all the same.
OPERATORS = {"manage.py", "django-admin", "serve.py"}
SERVICE = {"qcluster", "runserver"}
GOOD = "postgres://user:password@host:5432/name"


def is_operators(argv: list[str]) -> bool:
    """Return whether this process is a command of operators, and not the running service."""
    return Path(argv[0]).name in OPERATORS and not SERVICE.intersection(argv[1:2])


def read(default: str) -> dict[str, Any]:
    """Return the database of this process; commands log in as the owner where that has a URL.

    :raises SettingsError: if a URL cannot be understood, or names what is not supported
    """
    service = _of("DATABASE_URL", env.text("DATABASE_URL", default))
    url = env.text("DATABASE_OWNER_URL")
    owner = _of("DATABASE_OWNER_URL", url) if url else service
    if any(owner.get(part) != service.get(part) for part in ("ENGINE", "NAME")):
        raise env.SettingsError(
            "DATABASE_OWNER_URL names another database than DATABASE_URL. "
            f"Good: DATABASE_OWNER_URL={GOOD.replace('user', 'owner')}"
        )
    return owner if is_operators(sys.argv) else service


def _of(variable: str, url: str) -> dict[str, Any]:
    """Return one database as Django's settings want it.

    :raises SettingsError: if the URL cannot be understood, or names what is not supported
    """
    try:
        # where it finds no scheme it warns, and prints the URL with its password
        with warnings.catch_warnings(action="error", category=UserWarning):
            database: dict[str, Any] = dict(environ.Env.db_url_config(url))
    except (ImproperlyConfigured, ValueError, KeyError, UserWarning):
        raise env.SettingsError(
            f"{variable} cannot be understood. Good: {variable}={GOOD}"
        ) from None
    database["ATOMIC_REQUESTS"] = False  # it would unwrite the audit rows of refused requests
    if database["ENGINE"] == "django.db.backends.sqlite3":
        _complete_sqlite(database, variable)
    elif database["ENGINE"] == "django.db.backends.postgresql":
        database["CONN_MAX_AGE"] = 60
        database["CONN_HEALTH_CHECKS"] = True
        database.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)  # seconds
        # a cursor kept on the server outlives its transaction, and with it who asked (audit.acting)
        database["DISABLE_SERVER_SIDE_CURSORS"] = True
    else:
        raise env.SettingsError(
            f"{variable} must name SQLite or PostgreSQL. Good: {variable}={GOOD}"
        )
    return database


def _complete_sqlite(database: dict[str, Any], variable: str) -> None:
    if sqlite3.sqlite_version_info < (3, 35):  # the first that knows RETURNING
        raise env.SettingsError(
            f"{variable} names SQLite, but Python's is {sqlite3.sqlite_version}, and 3.35 is needed. "
            f"Good: {variable}={GOOD}"
        )
    # WAL: readers never wait. IMMEDIATE: two writers queue instead of failing half-way. FULL: what
    # was acknowledged survives a power cut.
    database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;",
    }
