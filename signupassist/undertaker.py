"""Ends process groups; run as a program, it ends those of a supervisor that was killed.

The program reads a line with the groups that there are now, whenever they change.
When its input ends, the supervisor is gone, for whatever reason, and what it left behind has to go.
It needs the standard library alone: it is a small process that is hardly ever of use.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

GRACE_SECONDS = 8.0


def end(groups: Iterable[int], *, is_over: Callable[[int], bool]) -> None:
    """Ask the leader of each group to stop, then KILL what is left of the groups.

    TERM goes to the leaders alone: django-q2 hangs for ever when its other processes get one too.
    `is_over` says whether a leader has ended.
    """
    left = set(groups)
    for group in left:
        with suppress(OSError):
            os.kill(group, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        for group in {group for group in left if is_over(group)}:
            kill(group)  # what outlived its leader
            left.discard(group)
        time.sleep(0.05)
    for group in left:
        kill(group)


def kill(group: int) -> None:
    """Leave no process of the group."""
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return True
    return False


def main() -> None:
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # meant for the supervisor, whose end we will see
    groups: list[int] = []
    for line in sys.stdin:
        groups = [int(word) for word in line.split()]
    end(groups, is_over=_is_gone)


if __name__ == "__main__":
    main()
