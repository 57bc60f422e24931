"""What the tests of logins share: saved logins, clients that have just logged in, broken ledgers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User
from credentials import services
from credentials.models import StoredCredential

EMAIL = "pat.larsen@ski.example"
PASSWORD = 'Tr0ub4dor "&" Gämse/3'
LOGIN = {
    "alias": "Our family login",
    "provider": "skiclubpro",
    "org_ref": "blackhawk-ski",
    "email": EMAIL,
    "password": PASSWORD,
}
ANOTHER_KEY = "YW5vdGhlciBrZXkgb2YgdGhlIHN1aXRlIDAxMjM0NTY="

SaveLogin = Callable[..., StoredCredential]
RefuseAtCommit = Callable[[], AbstractContextManager[None]]

_POSTGRESQL = """
    CREATE FUNCTION refuse_for_a_test() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
"""
_SQLITE_ORPHAN = """
    INSERT INTO session_turns (session_id, seq, token, intent, outcome, body, created_at)
    VALUES ('nobody', 1, 'x', 'x', 'running', '', '2026-07-14 12:00:00')
"""


@pytest.fixture
def save_login(parent: User, noon: datetime) -> SaveLogin:
    """Return a function that saves a login: the parent's at noon, unless told otherwise."""

    def save(user: User | None = None, **changes: Any) -> StoredCredential:
        usual: dict[str, Any] = {**LOGIN, "session_id": None, "replace": False, "at": noon}
        return services.store(user_id=(user or parent).pk, **usual | changes)[0]

    return save


@pytest.fixture
def just_logged_in() -> Callable[..., APIClient]:
    """Return a client whose bearer token was issued to this person at that moment."""

    def make(user: User, *, at: datetime) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(user.pk, at=at)}")
        return client

    return make


@contextmanager
def openings_refused(
    *, at_commit: bool = False, action: str = "credentials_accessed"
) -> Iterator[None]:
    """Let the database refuse rows that tell of an opened login, or the commit that holds one.

    With another `action`: of that.
    """
    when = f"NEW.action = '{action}'"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL)
            kind = "CONSTRAINT TRIGGER" if at_commit else "TRIGGER"
            time = "AFTER" if at_commit else "BEFORE"
            deferred = "DEFERRABLE INITIALLY DEFERRED" if at_commit else ""
            cursor.execute(
                f"CREATE {kind} refuse_for_a_test {time} INSERT ON mandate_audit {deferred} "
                f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse_for_a_test()"
            )
        else:  # SQLite looks at foreign keys when it commits
            deed = _SQLITE_ORPHAN if at_commit else "SELECT RAISE(ABORT, 'the disk is full')"
            cursor.execute(
                f"CREATE TRIGGER refuse_for_a_test AFTER INSERT ON mandate_audit WHEN {when} "
                f"BEGIN {deed}; END"
            )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("DROP FUNCTION refuse_for_a_test CASCADE")
            else:
                cursor.execute("DROP TRIGGER refuse_for_a_test")
