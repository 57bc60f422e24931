"""A real worker beside the tests: the supervisor, django-q2's cluster and all its processes."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.sessions_store.conftest import ROOT, command

AWAIT_SECONDS = 75.0


class Worker:
    """A started worker, and what one may do to its processes."""

    def __init__(self, folder: Path, **changes: str) -> None:
        self._mark = f"WORKER_UNDER_TEST={uuid.uuid4()}"
        self._log = folder / f"{uuid.uuid4()}.log"
        name, _, value = self._mark.partition("=")
        _, env = command()
        env |= {
            "DJANGO_SETTINGS_MODULE": "tests.worker.settings",
            "PATIENCE_SECONDS": "90",
            name: value,
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.worker.run"],
                env=env | changes,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Return once the condition holds; fail with the worker's log when it does not."""
        deadline = time.monotonic() + AWAIT_SECONDS
        while not condition():
            assert self.process.poll() is None, f"the worker ended:\n{self.log}"
            assert time.monotonic() < deadline, f"{what} did not come:\n{self.log}"
            time.sleep(0.1)

    def wait_until_idle(self) -> None:
        """Return once the cluster's processes wait for tasks."""
        self.wait_for(lambda: len(self.named(" idle")) == 3, "an idle worker")

    def named(self, *words: str) -> list[int]:
        """Return its processes whose title holds all the words, oldest first."""
        return sorted(pid for pid, title in self._titles() if all(word in title for word in words))

    def everything(self) -> set[int]:
        """Return all that lives of it."""
        return {pid for pid, _ in self._titles()}

    def kill(self, *processes: int) -> None:
        """End them as a lack of memory would: without a word."""
        for process in processes:
            os.kill(process, signal.SIGKILL)

    def stop(self) -> int:
        """Return the exit code after a polite request."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def stop_every_process(self) -> int:
        """Return the exit code after each of its processes was asked, as some inits do."""
        for process in self.everything():
            with suppress(OSError):
                os.kill(process, signal.SIGTERM)
        return self.process.wait(30)

    def _titles(self) -> Iterator[tuple[int, str]]:
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it ended while we looked
                if self._mark.encode() in (entry / "environ").read_bytes():
                    title = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if title:  # one that ended and was not collected yet has none
                        yield int(entry.name), title


@contextmanager
def running(folder: Path, **changes: str) -> Iterator[Worker]:
    """Give a started worker; whatever happens, nothing of it is left afterwards."""
    worker = Worker(folder, **changes)
    try:
        yield worker
    finally:
        worker.process.kill()
        worker.process.wait()
        for process in worker.everything():
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
