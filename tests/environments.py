"""Virtual environments beside the product's own, each made on first use from its locked hashes.

What is installed in one never meets what the product runs: an older SDK to talk to, a library to be
measured against.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 150


class NotInstalledError(Exception):
    """The packages could not be installed; the text says why."""


@dataclass(frozen=True)
class Environment:
    """Some packages, where they are to live, and their lock file."""

    title: str
    home: Path
    lock: Path

    def interpreter(self) -> Path:
        """Return the Python that has the packages, after installing them where need be.

        :raises NotInstalledError: if they cannot be installed here
        """
        python = self.home / "bin" / "python"
        try:
            with self._alone():
                if not python.exists() or not self._stamp().exists():
                    self._install()
        except OSError as error:
            raise NotInstalledError(f"{self._sentence}: {error.strerror}") from None
        return python

    @property
    def _sentence(self) -> str:
        return f"{self.title} could not be installed"

    def _stamp(self) -> Path:
        """Return the file that says: these packages, for this Python, are all there."""
        wanted = hashlib.sha256(self.lock.read_bytes() + sys.version.encode()).hexdigest()
        return self.home / f"holds-{wanted[:16]}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time look and install."""
        self.home.parent.mkdir(mode=0o700, exist_ok=True)
        with self.home.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _install(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        make = [sys.executable, "-m", "venv", str(self.home)]
        python = str(self.home / "bin" / "python")
        pip = [python, "-m", "pip"]
        if find_spec("pip"):  # ours installs there as well, and one more takes seconds to unpack
            make.append("--without-pip")
            pip = [sys.executable, "-m", "pip", "--python", python]
        self._run(make)
        wanted = ["--quiet", "--retries", "1", "--require-hashes", "-r", str(self.lock)]
        self._run([*pip, "--disable-pip-version-check", "--no-input", "install", *wanted])
        self._stamp().touch()

    def _run(self, command: list[str]) -> None:
        try:
            subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS
            )
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise NotInstalledError(f"{self._sentence}: {last}") from None
        except subprocess.TimeoutExpired:
            raise NotInstalledError(f"{self._sentence}: it took too long") from None
