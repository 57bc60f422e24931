"""Real web processes of the product on one database: started, killed with -9, started anew.

    with running(2, database_url=url_of_tests(), folder=tmp_path, MCP_TIMEOUT_SECONDS="2") as web:
        api = Api(*web, token=token_of(parent))
        api.post("/api/v1/sessions")
        web[0].kill()
        web[0].start()

Each is gunicorn as production runs it, in a process group of its own, on a port that stays its own
while it is dead. What an `Api` gets on the way is what a browser behind a proxy gets.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.db import connection
from django.utils import timezone

from accounts import tokens
from accounts.models import User

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
ANSWER_SECONDS = 60
AS_IN_PRODUCTION = "--worker-class gthread --timeout 60 --graceful-timeout 8 --no-control-socket"


class WebServer:
    """gunicorn on a database: killed and started as often as one likes."""

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        threads: int = 8,
        application: str = "signupassist.wsgi",
        environment: Mapping[str, str] | None = None,
        code: Path = ROOT,
    ) -> None:
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._port.bind(("127.0.0.1", 0))  # held, but not listened on: nobody else can take it
        address = f"127.0.0.1:{self._port.getsockname()[1]}"
        self.url = f"http://{address}"
        self._code = code
        self._log = folder / f"web-{address.rpartition(':')[2]}.log"
        self._env = environment_on(database_url, **(environment or {}))
        self._command = [sys.executable, "-m", "gunicorn", application, *AS_IN_PRODUCTION.split()]
        self._command += ["--workers=1", f"--threads={threads}", f"--bind={address}"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What its processes have written so far, over all starts."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def is_running(self) -> bool:
        """Whether gunicorn's first process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, **environment: str) -> None:
        """Start it, from now on with these changes to its environment, and wait until it is healthy."""
        self.launch(**environment)
        self.wait_until_healthy()

    def launch(self, **environment: str) -> None:
        """Start it without waiting."""
        assert not self.is_running, "it runs already"
        self._env |= environment
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._code,
                env=self._env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_healthy(self) -> None:
        """Return once /healthz answers."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.is_running, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the whole group at once: no process gets to say goodbye."""
        if self._process is not None and self.is_running:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """Kill it for good, and let go of its port."""
        self.kill()
        self._port.close()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.RequestException:
            return False


@contextmanager
def running(
    count: int, *, database_url: str, folder: Path, threads: int = 8, **environment: str
) -> Iterator[list[WebServer]]:
    """Give so many healthy servers of one process each; whatever happens, nothing of them is left."""
    servers: list[WebServer] = []
    try:
        for _ in range(count):
            servers.append(
                WebServer(database_url, folder, threads=threads, environment=environment)
            )
            servers[-1].launch()
        for server in servers:
            server.wait_until_healthy()
        yield servers
    finally:
        for server in servers:
            server.close()


class Api:
    """What a `Chat` asks of its client, over the wire; with several servers, of each in turn."""

    def __init__(self, *servers: WebServer, token: str = "") -> None:
        self._urls = cycle([server.url for server in servers])
        self.headers = {
            "X-Forwarded-Proto": "https",
            "Connection": "close",  # a kept one may be closed just when it is used again
        }
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> requests.Response:
        return self._ask("GET", path)

    def post(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        return self._ask("POST", path, json=body or {}, headers=headers)

    def delete(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        return self._ask("DELETE", path, headers=headers)

    def _ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> requests.Response:
        return requests.request(
            method,
            next(self._urls) + path,
            headers=self.headers | (headers or {}),
            timeout=ANSWER_SECONDS,
            **more,
        )


def token_of(user: User) -> str:
    """Return a token that every process with our SECRET_KEY takes for this person's."""
    return tokens.issue(user.pk, at=timezone.now())


# --- On which database ---------------------------------------------------------------------------


def environment_on(database_url: str, **changes: str) -> dict[str, str]:
    """Return the environment of a process of the product: the suite's secrets, and no fallback."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "signupassist.settings",
        "DATABASE_URL": database_url,
        "NUM_PROXIES": "1",  # so that what comes by X-Forwarded-Proto: https is not redirected
        "MCP_FALLBACK": "off",
        "REQUESTS_PER_MINUTE": "60000",  # tests are quicker than people
        **changes,
    }


def url_of_tests() -> str:
    """Return the database that a test marked `django_db(transaction=True)` itself works on."""
    name = str(connection.settings_dict["NAME"])
    given = os.environ.get("TEST_DATABASE_URL", "")
    return _beside(given, name) if given else f"sqlite:///{name}"


def _beside(url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rpartition('/')[0]}/{name}").geturl()
