"""A process with the environment, the user and the signals that a container would give it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 90.0
PLAIN_PATH = (
    f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin"  # the image's, and our packages
)


def as_user(user: str) -> tuple[list[str], str]:
    """Return what to put before a command so that it runs as the image's user, and a remark.

    The interpreter may lie where others cannot look (`/root`), so the right to read everything stays;
    that to write is gone.
    """
    uid, _, gid = user.partition(":")
    if os.geteuid() != 0:
        return [], f"not root here: everything runs as uid {os.geteuid()}, not {uid}"
    prefix = ["setpriv", f"--reuid={uid}", f"--regid={gid or uid}", "--clear-groups"]
    reading = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    probe = ["python", "-c", "import django"]
    for command in (prefix, prefix + reading):
        tried = subprocess.run(
            [*command, *probe], env={"PATH": PLAIN_PATH}, capture_output=True, check=False
        )
        if tried.returncode == 0:
            return command, f"everything runs as uid {uid}"
    return [], f"uid {uid} cannot start {sys.executable}: everything runs as root"


@dataclass
class Container:
    """A command with an environment of its own, started and ended as often as one likes."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    folder: Path  # where it works
    prefix: Sequence[str] = ()
    log: Path = field(init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.log = Path(self.environment["TMPDIR"]) / "log"

    @property
    def is_running(self) -> bool:
        """Whether its first process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self, **changes: str) -> None:
        """Start it, from now on with these changes to its environment."""
        self.environment |= changes
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, *self.command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, command: Sequence[str] = ()) -> None:
        """Run it, or another command in its place, to its end.

        :raises AssertionError: if it fails, with what it said
        """
        done = self.outcome(command)
        assert done.returncode == 0, f"{self.name}: {done.stdout}"

    def outcome(self, command: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
        """Return how it, or another command in its place, ended."""
        return subprocess.run(
            [*self.prefix, *(command or self.command)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Return once the condition holds; fail with what it wrote when it does not."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process is not None
            assert self.process.poll() is None, f"{self.name} ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"{self.name}:\n{self.log.read_text()}"
            time.sleep(0.05)

    def wait_until_it_writes(self, words: str) -> None:
        """Return once it has said this."""
        self.wait_for(lambda: words in self.log.read_text())

    def wait_until_healthy(self, check: Sequence[str]) -> None:
        """Return once the health check ends with 0."""
        self.wait_for(lambda: self.outcome(check).returncode == 0)

    def uids(self) -> set[int]:
        """Return whose its processes are, by effective user id."""
        assert self.process is not None
        found = set()
        for status in Path("/proc").glob("[0-9]*/status"):
            with suppress(OSError):  # it ended while we looked
                if os.getsid(int(status.parent.name)) == self.process.pid:
                    line = next(
                        it for it in status.read_text().splitlines() if it.startswith("Uid:")
                    )
                    found.add(int(line.split()[2]))
        return found

    def stop(self, seconds: float) -> int:
        """Ask its first process to end, as Docker does, and return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Kill all of it at once."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
