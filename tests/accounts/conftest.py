"""What the tests of accounts share: a browser, a broken ledger, limits that start at zero."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import User
from audit import acting

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

PASSWORD = "a long pass phrase"  # the parent's, see tests/conftest.py

LogIn = Callable[..., "Answer"]


@pytest.fixture(autouse=True)
def fresh_limits(db: None) -> Iterator[None]:
    """Forget who tried to log in: the limits count in the cache, which outlives a test."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def browser() -> Client:
    """A browser that is checked for CSRF tokens, as everybody's is."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def log_in(browser: Client, parent: User) -> LogIn:
    """Fill in the log-in page and send it; returns the answer."""

    def fill_in(email: str = parent.email, password: str = PASSWORD, then: str = "") -> "Answer":
        return post_form(browser, "/auth", {"login": email, "password": password, "next": then})

    return fill_in


@pytest.fixture
def broken_ledger(db: None) -> Iterator[None]:
    """A ledger that cannot be written, for the rest of the test."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE mandate_audit RENAME TO ledger_out_of_reach")
    yield
    acting.watch(connection=connection)  # it may have seen that no role has rights to a ledger


@pytest.fixture
def later(noon: datetime) -> datetime:
    """A moment after noon, within the hour."""
    return noon.replace(minute=59)


def post_form(browser: Client, path: str, fields: dict[str, str]) -> "Answer":
    """Return the answer to a form, sent as a browser does: with the token of its own page."""
    browser.get(path)
    token = browser.cookies["csrftoken"].value if "csrftoken" in browser.cookies else ""
    return browser.post(path, fields | {"csrfmiddlewaretoken": token})
