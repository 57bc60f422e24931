"""A signup survives when the web server is killed between any two of its turns…"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from signupassist.settings import PASSWORD_HASHERS
from tests.orchestrator.chat import ANSWERS, SATURDAY, Chat
from tests.servers.web_process import Api, WebServer, running, url_of_tests

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

EMAIL, PASSWORD = "pat@example.com", "a long pass phrase"
WALK: list[tuple[str, Callable[[Chat], dict[str, Any]]]] = [
    ("select_provider", lambda _: {"org_ref": "blackhawk-ski"}),
    ("connect_account", lambda _: {}),
    ("credentials_submitted", lambda chat: {"credential_id": chat.save_login()}),
    ("select_program", lambda _: {"program_ref": SATURDAY}),
    ("complete_prereqs", lambda _: {}),
    ("submit_form", lambda _: {"answers": ANSWERS}),
    ("edit_form", lambda _: {}),
    ("submit_form", lambda _: {"answers": ANSWERS}),
    ("confirm_registration", lambda chat: {"summary": chat.summary}),
]


@pytest.fixture
def parent(db: None, settings: Settings) -> User:
    """A parent whose password is hashed as the server expects it."""
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    return User.objects.create_user(EMAIL, PASSWORD)


@pytest.fixture
def server(parent: User, tmp_path: Path) -> Iterator[WebServer]:
    """A running server; whatever happens, nothing of it is left."""
    with running(1, database_url=url_of_tests(), folder=tmp_path) as [server]:
        yield server


def rows(statement: str, *values: str) -> list[tuple[Any, ...]]:
    """Return what the database holds, asked past the product."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def test_and_nothing_is_lost_or_doubled(server: WebServer, parent: User) -> None:
    http = Api(server)
    token = http.post("/api/v1/auth/token", {"email": EMAIL, "password": PASSWORD}).json()["access"]
    http = Api(server, token=token)
    chat = Chat(parent, cast("APIClient", http))
    chat.begin()
    restarts = 0

    def restart() -> None:
        """Kill, start anew, and hold what is served now against what was served before."""
        nonlocal restarts
        before = chat.last
        server.kill()
        server.start()
        restarts += 1
        now = chat.read()
        assert chat.status == 200
        assert {name: now[name] for name in before["session"]} == before["session"]
        assert now["last_turn"] == before
        chat.last = before

    restart()
    chat.say("Blackhawk Ski Club in Middleton")
    for action, payload in WALK:
        restart()
        chat.press(action, **payload(chat))
        assert chat.status == 200, chat.last
    restart()

    assert chat.last["session"]["status"] == "completed"
    submissions = http.get("/api/v1/submissions").json()["results"]
    assert [one["status"] for one in submissions] == ["confirmed"]
    assert submissions[0]["confirmation_ref"] in str(chat.last["cards"])
    recorded = [
        action
        for (action,) in rows(
            "SELECT action FROM mandate_audit WHERE session_id = %s ORDER BY created_at",
            UUID(chat.id).hex,
        )
    ]
    accepted = [action for action in recorded if action.startswith("action_")]
    assert accepted == [f"action_{action}" for action, _ in WALK]
    assert recorded.count("message_sent") == 1
    assert recorded.count("session_resumed") == restarts - 1  # the last one took no turn
    assert recorded.count("registration_submitted") == 1
    assert recorded.count("registration_completed") == 1
    assert recorded.count("credentials_accessed") == 4  # once for each tool that needs it
    assert rows("SELECT outcome, count(*) FROM session_turns GROUP BY outcome") == [
        ("done", len(WALK) + 2)
    ]
    assert rows("PRAGMA integrity_check") == [("ok",)]
