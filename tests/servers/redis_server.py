"""A real redis-server on loopback, in a folder of its own."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import redis

START_SECONDS = 20.0


def program() -> str | None:
    """Return the program to start, or None where the machine has none."""
    return shutil.which("redis-server")


class RedisServer:
    """Started, killed and started again on the same port; it keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it answers."""
        words = f"redis-server --port {self.port} --bind 127.0.0.1 --appendonly no --save".split()
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*words, ""], cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "redis.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, with all that it held."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as asked:
                return bool(asked.ping())
        except redis.RedisError:
            return False
