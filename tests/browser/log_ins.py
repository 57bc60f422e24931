"""Sessions of people who have just logged in, without the pages that lead there.

Those cost a second of a core each time, and have tests of their own.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore
from django.test import override_settings
from django.utils.crypto import get_random_string

from accounts.models import User
from accounts.services.logins import AUTHENTICATED_AT

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PATIENCE_SECONDS = 60  # the server writes as well


def begin(email: str, *, database: Path, secret_key: str) -> str:
    """Return the key of a fresh session of this person, at the product with this database."""
    now = datetime.now(UTC)
    with closing(sqlite3.connect(database, timeout=PATIENCE_SECONDS)) as connection, connection:
        [found] = connection.execute("SELECT id, password FROM users WHERE email = ?", [email])
        with override_settings(SECRET_KEY=secret_key):
            session = SessionStore().encode(
                {
                    auth.SESSION_KEY: str(UUID(found[0])),
                    auth.BACKEND_SESSION_KEY: BACKEND,
                    auth.HASH_SESSION_KEY: User(password=found[1]).get_session_auth_hash(),
                    AUTHENTICATED_AT: now.isoformat(),
                    "_session_expiry": 0,
                }
            )
        key = get_random_string(32, "abcdefghijklmnopqrstuvwxyz0123456789")
        until = (now + timedelta(hours=12)).replace(tzinfo=None).isoformat(" ")
        connection.execute(
            "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, ?, ?)",
            [key, session, until],
        )
    return key
