"""A copy of the product in a temporary folder, and the real server started from it."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "var", ".env", "tests", ".*_cache", ".hypothesis"
)
START_SECONDS = 60


def copy_to(folder: Path) -> Path:
    """Return a copy of the product that borrows the packages of the environment we run in."""
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
    (folder / ".venv").mkdir()
    for part in Path(sys.prefix).iterdir():
        if not part.name.startswith(("stamp-", "unfinished")):
            (folder / ".venv" / part.name).symlink_to(part)
    for lock in ("requirements.txt", "requirements-dev.txt"):
        (folder / ".venv" / f"stamp-{lock}").write_text(stamp(folder / lock))
    return folder


def stamp(lock: Path) -> str:
    """Return what script/install.sh writes when it has installed the lock file's packages."""
    with lock.open("rb") as content:
        sums = subprocess.run(["cksum"], stdin=content, capture_output=True, text=True, check=True)
    return f"{sums.stdout.strip()} {sys.version.split()[0]} {sys.base_prefix}\n"


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """Return the environment of a machine that knows nothing of us, without a package index."""
    return {
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
        "PYTHON": sys.executable,
        "PIP_NO_INDEX": "1",
        "UV_OFFLINE": "1",
        **changes,
    }


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_alive(pid: int) -> bool:
    """Return whether the process runs; one that ended but was not collected yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def refusal(folder: Path, **changes: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines printed by a start that is expected to fail."""
    done = subprocess.run(
        [folder / "script" / "server"],
        env=environment(folder, **changes),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


class Server:
    """A running script/server."""

    def __init__(self, folder: Path, **changes: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._output = folder / "output"
        self._log = folder / "log"
        with self._output.open("wb") as output, self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [folder / "script" / "server"],
                env=environment(folder, PORT=str(self.port), **changes),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def is_healthy(self) -> bool:
        """Return whether /healthz answers 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"Host": "127.0.0.1"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Return once the condition holds; fail with the server's log when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            assert self.process.poll() is None, f"the server ended:\n{self.log}"
            assert time.monotonic() < deadline, f"{what} did not come:\n{self.log}"
            time.sleep(0.05)

    def wait_until_ready(self) -> None:
        """Return once the web server answers and the worker takes tasks."""
        self.wait_for(self.is_healthy, "/healthz")
        self.wait_for(lambda: "] running." in self.log, "the worker")

    def stop(self, number: signal.Signals) -> float:
        """Return how many seconds the end took after the signal."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - begun

    def processes(self) -> dict[int, str]:
        """Return every living process that works in the copy, with its command line."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it ended while we looked
                if (entry / "cwd").readlink() == self.folder:
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(entry.name)] = line.strip()
        return found

    def named(self, *words: str) -> list[int]:
        """Return the processes whose command line holds all the words, oldest first."""
        lines = self.processes().items()
        return sorted(pid for pid, line in lines if all(word in line for word in words))


@contextmanager
def running(folder: Path, **changes: str) -> Iterator[Server]:
    """Give a started server; whatever happens, nothing of it is left afterwards."""
    server = Server(folder, **changes)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()
        for process in server.processes():
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
