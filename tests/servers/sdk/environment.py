"""The environment of the SDK 1.x, made on first use in `var/sdk-1x` from its own locked hashes.

    python -m tests.servers.sdk.environment

makes it ahead of time. The lock: `uv pip compile --universal --python-version 3.11
--generate-hashes --no-header requirements-1x.in -o requirements-1x.txt`, in this folder.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCK = Path(__file__).with_name("requirements-1x.txt")
HOME = ROOT / "var" / "sdk-1x"
PATIENCE_SECONDS = 150
SENTENCE = "the MCP SDK 1.x could not be installed"


class NotInstalledError(Exception):
    """The SDK 1.x could not be installed; the text says why."""


def interpreter(home: Path = HOME) -> Path:
    """Return the Python that has the SDK 1.x, after installing it where need be.

    :raises NotInstalledError: if it cannot be installed here
    """
    python = home / "bin" / "python"
    try:
        with _alone(home):
            if not python.exists() or not _stamp(home).exists():
                _install(home)
    except OSError as error:
        raise NotInstalledError(f"{SENTENCE}: {error.strerror}") from None
    return python


@cache
def missing() -> str | None:
    """Return why the SDK 1.x cannot be had, or None; a failure is not tried again."""
    try:
        interpreter()
    except NotInstalledError as error:
        return str(error)
    return None


def _stamp(home: Path) -> Path:
    """Return the file that says: these packages, for this Python, are all there."""
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    return home / f"holds-{wanted[:16]}"


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one process at a time look and install."""
    home.parent.mkdir(mode=0o700, exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    _run([sys.executable, "-m", "venv", str(home)])
    _run([*pip, "install", "--quiet", "--retries", "1", "--require-hashes", "-r", str(LOCK)])
    _stamp(home).touch()


def _run(command: list[str]) -> None:
    try:
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NotInstalledError(f"{SENTENCE}: {last}") from None
    except subprocess.TimeoutExpired:
        raise NotInstalledError(f"{SENTENCE}: it took too long") from None


if __name__ == "__main__":
    print(interpreter())
