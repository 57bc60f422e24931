"""Running commands so that a stop in the middle leaves nothing behind."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType

TIDY_UP_SECONDS = 20


def stop_on_signals() -> None:
    """Let TERM and HUP end this program as Ctrl-C does: by a KeyboardInterrupt."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> int:
    """Return the exit code of a command that has a session of its own.

    When we are interrupted it gets one Ctrl-C, time to tidy up, and an end with all it started.
    """
    process = subprocess.Popen(command, env=env, start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(TIDY_UP_SECONDS)
        raise
    finally:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
