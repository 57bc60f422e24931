"""A signup survives when the web server is killed between any two of its turns…"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
import requests
from rest_framework.test import APIClient

from accounts.models import User
from tests.orchestrator.chat import ANSWERS, SATURDAY, Chat
from tests.scripts import checkout

pytestmark = pytest.mark.once

EMAIL, PASSWORD = "pat@example.com", "a long pass phrase"
SEED = f"from accounts.models import User; User.objects.create_user({EMAIL!r}, {PASSWORD!r})"
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


class WebServer:
    """gunicorn on a database in a folder of its own: killed and started as often as one likes."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "db.sqlite3"
        self.url = f"http://127.0.0.1:{checkout.free_port()}"
        self._log = folder / "log"
        self._env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "signupassist.settings",
            "DEBUG": "true",
            "DATABASE_URL": f"sqlite:///{self.database}",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def manage(self, *words: str) -> None:
        command = [sys.executable, "manage.py", *words]
        subprocess.run(command, cwd=checkout.ROOT, env=self._env, check=True)

    def start(self) -> None:
        gunicorn = "-m gunicorn signupassist.wsgi --threads 4 --no-control-socket --bind"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *gunicorn.split(), self.url.removeprefix("http://")],
                cwd=checkout.ROOT,
                env=self._env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the whole group at once: no process gets to say goodbye."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):  # noqa: S310  our own
                return True
        except (urllib.error.URLError, ConnectionError):
            return False

    def rows(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """Return what the database holds, asked past the product."""
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(statement, values).fetchall()


class Http:
    """What a `Chat` asks of its client, over the wire."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._headers: dict[str, str] = {}

    def log_in(self) -> None:
        answer = self.post("/api/v1/auth/token", {"email": EMAIL, "password": PASSWORD})
        self._headers = {"Authorization": f"Bearer {answer.json()['access']}"}

    def get(self, path: str) -> requests.Response:
        return requests.get(self._url + path, headers=self._headers, timeout=30)

    def post(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        both = self._headers | (headers or {})
        return requests.post(self._url + path, json=body or {}, headers=both, timeout=30)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    """A running server that knows one parent; whatever happens, nothing of it is left."""
    server = WebServer(tmp_path)
    server.manage("migrate", "--verbosity=0")
    server.manage("shell", "--verbosity=0", "-c", SEED)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def test_and_nothing_is_lost_or_doubled(server: WebServer) -> None:
    http = Http(server.url)
    http.log_in()
    chat = Chat(User(email=EMAIL), cast("APIClient", http))
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
        for (action,) in server.rows(
            "SELECT action FROM mandate_audit WHERE session_id = ? ORDER BY created_at",
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
    assert server.rows("SELECT outcome, count(*) FROM session_turns GROUP BY outcome") == [
        ("done", len(WALK) + 2)
    ]
    assert server.rows("PRAGMA integrity_check") == [("ok",)]
