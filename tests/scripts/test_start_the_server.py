"""script/server…"""

import os
import re
import shutil
import signal
import socket
import stat
import sys
import time
from pathlib import Path

import pytest

from tests.scripts import checkout

pytestmark = pytest.mark.once

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "production has one of its own: 9d1c7a35e2",
    "CRED_SEAL_KEY": "cHJvZHVjdGlvbiBoYXMgb25lIG9mIGl0cyBvd24gMTI=",
    "ALLOWED_HOSTS": "127.0.0.1",
}


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def nothing_is_left(server: checkout.Server, *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while server.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    return not server.processes()


def start_and_stop(folder: Path, number: signal.Signals) -> str:
    """Return what a developer's start says before the signal ends it, without its port."""
    with checkout.running(folder) as server:
        server.wait_until_ready()
        server.wait_for(lambda: server.output.count("\n") == 3, "the block")
        said = server.output.replace(str(server.port), "PORT")

        seconds = server.stop(number)

        assert server.process.returncode == 0, server.log
        assert seconds < 10
        assert server.processes() == {}
    return said


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A copy that was started once, and what that said; nobody starts anything in it again."""
    if sys.platform != "linux":
        pytest.skip("processes are found through /proc")
    folder = checkout.copy_to(tmp_path_factory.mktemp("started") / "copy")
    return folder, start_and_stop(folder, signal.SIGTERM)


@pytest.fixture
def used_copy(copy: Path, started: tuple[Path, str]) -> Path:
    """A copy that was started before: nothing has to be migrated."""
    shutil.copytree(started[0] / "var", copy / "var")
    return copy


def test_says_where_it_is_and_says_the_same_at_the_next_start(
    started: tuple[Path, str], used_copy: Path
) -> None:
    folder, said = started

    assert start_and_stop(used_copy, signal.SIGINT) == said
    assert re.fullmatch(
        r"SignupAssist is ready: http://127\.0\.0\.1:PORT/\n"
        r"demo parent: parent@example\.com password: \S+\n"
        r"demo staff: staff@example\.com password: \S+\n",
        said,
    )
    assert mode(folder / "var") == "0o700"
    assert mode(folder / "var" / "development.env") == "0o600"
    assert mode(folder / "var" / "demo.json") == "0o600"


def test_prints_no_password_and_makes_no_secret_in_production(copy: Path) -> None:
    with checkout.running(copy, **PRODUCTION) as server:
        server.wait_until_ready()
        server.stop(signal.SIGTERM)

        assert (server.process.returncode, server.output) == (0, ""), server.log
    assert not (copy / "var" / "development.env").exists()
    assert (copy / "var" / "static" / "staticfiles.json").is_file()


def test_starts_what_was_killed_again_without_orphans_and_is_calm_about_a_second_signal(
    used_copy: Path,
) -> None:
    with checkout.running(used_copy) as server:
        server.wait_until_ready()
        (master,) = server.named("gunicorn: master")
        sentinel = server.named("qcluster MainProcess")[1]
        before = set(server.named("qcluster"))

        os.kill(master, signal.SIGKILL)
        os.kill(sentinel, signal.SIGKILL)

        server.wait_for(lambda: server.log.count(" running. ") == 2, "another worker")
        server.wait_for(lambda: len(server.named("gunicorn: worker")) == 2, "another web server")
        server.wait_for(server.is_healthy, "/healthz")
        assert before.isdisjoint(server.named("qcluster"))
        takers = server.named("qcluster", "idle") + server.named("qcluster", "processing")
        assert len(takers) == 3

        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGINT)
        server.stop(signal.SIGTERM)

        assert server.process.returncode == 0
        assert server.processes() == {}


def test_leaves_nothing_behind_when_it_is_killed(used_copy: Path) -> None:
    with checkout.running(used_copy) as server:
        server.wait_until_ready()
        server.stop(signal.SIGKILL)

        assert nothing_is_left(server, seconds=10)


def test_leaves_nothing_behind_even_when_its_undertaker_was_killed_first(used_copy: Path) -> None:
    with checkout.running(used_copy) as server:
        server.wait_until_ready()
        (undertaker,) = server.named("undertaker.py")
        os.kill(undertaker, signal.SIGKILL)
        server.wait_for(lambda: server.named("undertaker.py") not in ([], [undertaker]), "another")
        server.stop(signal.SIGKILL)

        assert nothing_is_left(server, seconds=10)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"DEBUG": "false"}, "SECRET_KEY"),
        ({"DEBUG": "false", "SECRET_KEY": PRODUCTION["SECRET_KEY"]}, "CRED_SEAL_KEY"),
        ({"USE_REAL_MCP": "maybe"}, "USE_REAL_MCP"),
        ({"PORT": "many"}, "PORT"),
        ({"DATABASE_URL": "postgres://app@//nowhere/app"}, "DATABASE_URL"),
    ],
)
def test_refuses_in_one_line_that_names_the_variable(
    copy: Path, settings: dict[str, str], name: str
) -> None:
    code, lines = checkout.refusal(copy, **settings)

    said = [line for line in lines if line != "Preparing the database …"]
    assert code == 1
    assert len(said) == 1, said
    assert said[0].startswith("SignupAssist cannot start: ")
    assert name in said[0]


def test_refuses_a_port_in_use_before_it_touches_the_database(copy: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        code, lines = checkout.refusal(copy, PORT=str(port))

    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith(f"SignupAssist cannot start: PORT {port} cannot be used")
    assert not (copy / "var" / "db.sqlite3").exists()
