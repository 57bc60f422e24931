"""A door to logins whose deed cannot be recorded…

The first test reads bytes from the socket of a real web process: whatever else an answer holds, it
may not hold the secret.
"""

import base64
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from credentials.models import RevealBudget, StoredCredential, StoredCredentialQuerySet
from tests.credentials.conftest import EMAIL, LOGIN, PASSWORD, SaveLogin, openings_refused
from tests.servers.web_process import WebServer, running, token_of, url_of_tests

pytestmark = pytest.mark.django_db(transaction=True)

FORMS = [
    form.encode()
    for secret in (EMAIL, PASSWORD)
    for form in (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
        secret.encode().hex(),
    )
]
Reveal = Callable[[], bytes]


class Asker:
    """Asks for a reveal over a bare socket, and reads to the last byte."""

    def __init__(self, server: WebServer, login: StoredCredential) -> None:
        self._address = urlsplit(server.url).netloc
        self._path = f"/api/v1/credentials/{login.pk}/reveal"

    def with_bearer(self, token: str) -> bytes:
        return self._ask({"Authorization": f"Bearer {token}"})

    def with_cookies(self, cookies: dict[str, str]) -> bytes:
        return self._ask(
            {
                "Cookie": "; ".join(f"__Host-{name}={value}" for name, value in cookies.items()),
                "X-CSRFToken": cookies["csrftoken"],
                "Origin": f"https://{self._address}",
            }
        )

    def _ask(self, headers: dict[str, str]) -> bytes:
        lines = [f"POST {self._path} HTTP/1.1", f"Host: {self._address}"]
        headers |= {"X-Forwarded-Proto": "https", "Content-Length": "0", "Connection": "close"}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        host, _, port = self._address.partition(":")
        with socket.create_connection((host, int(port)), timeout=60) as wire:
            wire.sendall("\r\n".join([*lines, "", ""]).encode())
            return b"".join(iter(lambda: wire.recv(65_536), b""))


def page_cookies(user: User) -> dict[str, str]:
    """Return the cookies of somebody who has just logged in on the page."""
    cache.clear()
    browser = Client()
    browser.get("/auth")
    browser.post("/auth", {"login": user.email, "password": "a long pass phrase"})
    return {name: browser.cookies[name].value for name in ("sessionid", "csrftoken")}


@contextmanager
def without_database() -> Iterator[None]:
    """Let no process but this one reach the database."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        home = Path(name).parent
        away = home.with_name(f"{home.name}-away")
        shutil.move(home, away)
        try:
            yield
        finally:
            shutil.move(away, home)
        return
    allow = f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS'
    with connection._nodb_cursor() as admin:
        admin.execute(f"{allow} false")
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = %s AND pid <> %s",
            [name, own_backend()],
        )
        try:
            yield
        finally:
            admin.execute(f"{allow} true")


def own_backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def lose_the_connection_at_the_record(reveal: Reveal) -> bytes:
    """Return the answer to a reveal whose connection broke when the secret was open in memory."""
    blocker = connection.copy()
    blocker.set_autocommit(False)
    with ThreadPoolExecutor(1) as pool:
        try:
            with blocker.cursor() as cursor:
                cursor.execute("LOCK TABLE mandate_audit IN EXCLUSIVE MODE")
            answer = pool.submit(reveal)
            break_the_connection_that_waits()
        finally:
            blocker.close()
        return answer.result(60)


def break_the_connection_that_waits() -> None:
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock' "
                "AND query LIKE '%%INSERT INTO mandate_audit %%'"
            )
            if cursor.fetchall():
                return
            time.sleep(0.02)
    raise AssertionError("nobody waited to write the record")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    """gunicorn on the test's own database."""
    with running(1, database_url=url_of_tests(), folder=tmp_path, threads=2) as web:
        yield web[0]


def test_sends_no_byte_of_it_before_the_record_is_committed(
    server: WebServer, save_login: SaveLogin, parent: User
) -> None:
    login = save_login()
    before = StoredCredential.objects.values().get()
    asker, token, cookies = Asker(server, login), token_of(parent), page_cookies(parent)

    def bearer() -> bytes:
        return asker.with_bearer(token)

    def page() -> bytes:
        return asker.with_cookies(cookies)

    assert_revealed(bearer())  # so this is what an open door looks like
    assert_revealed(page())
    counted = openings()

    worlds: dict[str, Callable[[], AbstractContextManager[None]]] = {
        "the row is refused": openings_refused,
        "the commit is refused": lambda: openings_refused(at_commit=True),
        "the database is gone": without_database,
    }
    for world, enter in worlds.items():
        for reveal in (bearer, page):
            with enter():
                answer = reveal()
            assert_closed(answer, f"{world}, asked by {reveal.__name__}")
    if connection.vendor == "postgresql":
        assert_closed(lose_the_connection_at_the_record(bearer), "the connection is lost")

    assert openings() == counted
    assert StoredCredential.objects.values().get() == before
    assert forms_in(server.log.encode()) == []
    assert_revealed(bearer())  # all is well again


def openings() -> tuple[int, int]:
    """Return how many openings are recorded, and how many reveals are spent."""
    recorded = MandateAudit.objects.filter(action__startswith="credentials_access").count()
    return recorded, RevealBudget.objects.get().spent


def forms_in(text: bytes) -> list[bytes]:
    return [form for form in FORMS if form in text]


def assert_revealed(answer: bytes) -> None:
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert forms_in(answer)


def assert_closed(answer: bytes, where: str) -> None:
    """An answer says that nothing was done, and holds no form of the secret."""
    head, _, body = answer.partition(b"\r\n\r\n")
    said = json.loads(body)
    assert forms_in(answer) == [], where
    assert (head[:13], said["code"]) == (b"HTTP/1.1 503 ", "audit_unavailable"), where
    assert b"retry-after: " in head.lower(), where
    assert said["detail"] == (
        "We could not record this action, so it was not done. Please try again shortly."
    )


# --- The other deeds -----------------------------------------------------------------------------


@pytest.mark.parametrize("at_commit", [False, True], ids=["the row", "the commit"])
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "a-key"}], ids=["", "repeatable"])
def test_saves_nothing(
    just_logged_in: Callable[..., APIClient], parent: User, at_commit: bool, key: dict[str, str]
) -> None:
    client = just_logged_in(parent, at=timezone.now())

    with openings_refused(at_commit=at_commit, action="credentials_submitted"):
        answer = client.post("/api/v1/credentials", LOGIN, headers=key)

    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert not StoredCredential.objects.exists()
    assert client.post("/api/v1/credentials", LOGIN, headers=key).status_code == 201


@pytest.mark.parametrize("at_commit", [False, True], ids=["the row", "the commit"])
def test_deletes_nothing(
    just_logged_in: Callable[..., APIClient], save_login: SaveLogin, parent: User, at_commit: bool
) -> None:
    path = f"/api/v1/credentials/{save_login().pk}"
    client = just_logged_in(parent, at=timezone.now())

    with openings_refused(at_commit=at_commit, action="credentials_deleted"):
        answer = client.delete(path)

    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert StoredCredential.objects.exists()
    assert client.delete(path).status_code == 204


@pytest.mark.parametrize("at_the_door", [True, False], ids=["session", "list"])
def test_promises_nothing_of_a_record_to_those_who_only_look(
    parent: User, monkeypatch: pytest.MonkeyPatch, at_the_door: bool
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(parent)

    def be_gone(*_: Any, **__: Any) -> None:
        raise OperationalError("the server closed the connection")

    where = "load" if at_the_door else "for_user"
    owner: type = SessionStore if at_the_door else StoredCredentialQuerySet
    monkeypatch.setattr(owner, where, be_gone)
    answer = browser.get("/api/v1/credentials")

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
