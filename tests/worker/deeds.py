"""Jobs for a real worker to run."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from sessions_store.jobs import job

HOUR = timedelta(hours=1)


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


@job("dies", rest=HOUR)
def die() -> str:
    """Die as of a lack of memory, at every try."""
    _die()


@job("dies once", rest=HOUR)
def die_once(marker: str) -> str:
    """Die at the first try alone."""
    if Path(marker).exists():
        return "lived"
    Path(marker).touch()
    _die()


@job("fails", rest=HOUR)
def fail() -> str:
    """Fail at every try."""
    raise ValueError


@job("oversleeps", rest=HOUR)
def oversleep() -> str:
    """Take longer than a job may."""
    time.sleep(60)
    return "awake"


@job("adds a line", rest=HOUR)
def add_a_line(path: str) -> str:
    """Leave a trace of having run."""
    with Path(path).open("a") as file:
        file.write("x")
    return "added"
