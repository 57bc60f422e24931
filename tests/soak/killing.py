"""A server that can be killed from within and from outside, and the killing from outside."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.web_process import WebServer
from tests.soak.provider import Provider
from tests.soak.trial import Trial


@contextmanager
def killable(database_url: str, folder: Path, provider: Provider) -> Iterator[WebServer]:
    """Give a healthy server with traps beside a provider.

    gunicorn's master loads the program and does nothing else. A worker that is killed gives way at once
    to a new one that knows nothing but the program.
    """
    server = WebServer(
        database_url,
        folder,
        application="tests.servers.killing_wsgi",
        environment={"GUNICORN_CMD_ARGS": "--preload", **beside(provider)},
    )
    try:
        server.start()
        yield server
    finally:
        server.close()


def beside(provider: Provider) -> dict[str, str]:
    """Return the settings that make this provider the one to ask."""
    return {
        "USE_REAL_MCP": "true",
        "MCP_SERVER_URL": provider.url,
        "MCP_ACCESS_TOKEN": provider.token,
        "MCP_TRANSPORT": "tools-call",
    }


def confirm_and_kill(trial: Trial, *, after: float) -> None:
    """Press Confirm, and kill the process that serves it so many seconds later."""
    trial.come_to_confirmation()
    answers: list[int | None] = []
    parent = threading.Thread(target=lambda: answers.append(trial.confirm()))
    parent.start()
    time.sleep(after)
    os.kill(trial.process, signal.SIGKILL)
    parent.join()
    trial.provider.wait_until_quiet()
    if answers[0] not in {None, 200}:
        trial.untrue.append(f"the answer was {answers[0]}")


def seconds_to_confirm(trial: Trial) -> float:
    """Return how long a confirmation takes that nobody disturbs."""
    trial.come_to_confirmation()
    begun = time.monotonic()
    assert trial.confirm() == 200
    return time.monotonic() - begun
