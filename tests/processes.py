"""Running commands so that a stop in the middle leaves nothing behind."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from types import FrameType
from typing import IO

TIDY_UP_SECONDS = 20

Command = tuple[Sequence[str], Mapping[str, str] | None]


def stop_on_signals() -> None:
    """Let TERM and HUP end this program as Ctrl-C does: by a KeyboardInterrupt."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> int:
    """Return the exit code of a command, as `run_together` does of several."""
    return run_together([(command, env)])[0][0]


def run_together(commands: Sequence[Command]) -> list[tuple[int, str]]:
    """Return exit code and output of commands that run at once, each with a session of its own.

    A command comes with its environment. What the first one prints is seen as it comes, and not
    returned. When we are interrupted each gets one Ctrl-C, time to tidy up, and an end with all it
    started.
    """
    started: list[subprocess.Popen[bytes]] = []
    with ExitStack() as files:
        kept = [files.enter_context(tempfile.TemporaryFile()) for _ in commands[1:]]
        try:
            for (command, env), output in zip(commands, [None, *kept], strict=True):
                errors = subprocess.STDOUT if output else None
                started.append(
                    subprocess.Popen(
                        command, env=env, stdout=output, stderr=errors, start_new_session=True
                    )
                )
            codes = [process.wait() for process in started]
        except KeyboardInterrupt:
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            for process in started:
                process.send_signal(signal.SIGINT)
            for process in started:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(TIDY_UP_SECONDS)
            raise
        finally:
            for process in started:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return list(zip(codes, ["", *map(_text, kept)], strict=True))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
