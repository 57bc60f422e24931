"""A login in plain text leaves no trace in what a real web process writes…"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.db import connection

from accounts.models import User
from tests.credentials.canary import EMAIL, LOGIN, PASSWORD, SECRETS, found_in, spellings, tables
from tests.orchestrator.chat import Chat
from tests.servers.web_process import Api, WebServer, running, token_of, url_of_tests

pytestmark = pytest.mark.django_db(transaction=True)
HTTPS = {"X-Forwarded-Proto": "https"}


def test_to_its_log_or_its_database(parent: User, tmp_path: Path) -> None:
    url = url_of_tests()
    with running(1, database_url=url, folder=tmp_path, LOG_FORMAT="console") as (web,):
        heard = live(web, parent)
        web.kill()
        web.start(LOG_FORMAT="json")
        heard += live(web, parent)
        log = web.log

    assert log.count("A request broke") >= 2
    assert '"event": "A request broke"' in log
    assert "Traceback (most recent call last)" in log
    assert found_in(log) == []
    assert found_in("".join(heard)) == []
    assert {name for name, held in tables().items() if found_in(held)} == set()
    assert in_the_files_of_the_database() == []


def live(web: WebServer, parent: User) -> list[str]:
    """Do with the canary all that can be done, and more; return all answers but the reveal."""
    typed = {"login": EMAIL, "password": PASSWORD}
    answers = [requests.post(f"{web.url}/auth", data=typed, headers=HTTPS, timeout=60)]
    api = Api(web, token=token_of(parent))
    answers.append(
        api.post("/api/v1/auth/token", {"email": "pat@example.com", "password": PASSWORD})
    )
    answers.append(api.post("/api/v1/credentials", LOGIN | {"replace": PASSWORD}))
    chat = Chat(parent, api)  # type: ignore[arg-type]
    chat.walk_to("login")
    credential_id = chat.save_login(PASSWORD, email=EMAIL)
    chat.press("credentials_submitted", credential_id=credential_id)
    answers += [chat.response, api.get("/api/v1/credentials"), api.get("/api/v1/audit")]
    reveal = f"/api/v1/credentials/{credential_id}/reveal"
    assert api.post(reveal).json()["password"] == PASSWORD
    with without("stored_credentials"):
        answers.append(api.post("/api/v1/credentials", LOGIN | {"alias": "Another"}))
    with without("session_turns"):
        chat.press("select_program", program_ref="blackhawk-saturday-nordic")
    answers += [chat.response, api.delete(f"/api/v1/credentials/{credential_id}")]
    assert [answer.status_code >= 500 for answer in answers[-3:]] == [True, True, False]
    chat.press("reset")
    return [f"{answer.headers} {answer.text}" for answer in answers]


@contextmanager
def without(table: str) -> Iterator[None]:
    """Take a table away from everybody inside."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")


def in_the_files_of_the_database() -> list[str]:
    """Return what stands in the files themselves, deleted rows included (SQLite's; ours to read)."""
    if connection.vendor != "sqlite":
        return []
    name = str(connection.settings_dict["NAME"])
    files = [Path(name + end) for end in ("", "-wal") if Path(name + end).exists()]
    raw = b"".join(file.read_bytes() for file in files)
    return [one for secret in SECRETS for one in spellings(secret) if one.encode() in raw]
