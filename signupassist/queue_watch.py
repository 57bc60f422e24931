"""Notices a worker that looks alive but takes no task any more.

django-q2 gets there when one of its idle processes is killed (out of memory, for one): that process
held the lock of the queue between them, and its successor waits for the lock for ever.
"""

import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Max
from django_q.models import OrmQ, Schedule

from sessions_store import jobs, schedules

PATIENCE = timedelta(seconds=90)  # with a task that is due
SILENCE = timedelta(minutes=5)  # between two beats, which come every minute


class QueueWatch:
    """Remembers when the queue last moved."""

    def __init__(self, at: datetime) -> None:
        self._moved_at = at
        self._last_taken: datetime | None = None

    def trouble(self, *, is_working: bool, up_for: timedelta, at: datetime) -> str | None:
        """Return why a worker that has been up for so long should be started anew, or None."""
        stuck = not settings.REDIS_URL and self.is_stuck(is_working=is_working, at=at)
        if stuck and up_for >= PATIENCE:
            return "tasks are waiting and the worker takes none"
        if not is_working and up_for >= SILENCE and is_silent(at):
            return "the worker has given no sign of life for a while"
        return None

    def is_stuck(self, *, is_working: bool, at: datetime) -> bool:
        """Return whether a due task is waiting and nothing has moved for longer than our patience.

        A long queue alone is no reason, and neither is a long task.
        """
        # `lock` is when a row is due; taking a row moves its lock ahead by the time of a retry.
        taken = OrmQ.objects.filter(lock__gt=at).aggregate(newest=Max("lock"))["newest"]
        if is_working or taken != self._last_taken:
            self._last_taken, self._moved_at = taken, at
        if at - self._moved_at < PATIENCE:
            return False
        return bool(OrmQ.objects.filter(lock__lt=at - PATIENCE).exists())


def is_silent(at: datetime) -> bool:
    """Return whether no beat came for too long, though an operator has not switched them off."""
    last = jobs.last_sign_of_life(schedules.BEAT)
    if last is not None and at - last < SILENCE:
        return False
    return bool(Schedule.objects.filter(name=schedules.BEAT).exclude(repeats=0).exists())


def is_working(group: int) -> bool:
    """Return whether a process of the group is in the midst of a task, as its title says.

    Where titles cannot be read (no /proc) the answer is True: nobody is disturbed on a suspicion.
    """
    if not Path("/proc/self/cmdline").exists():
        return True
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            title = (process / "cmdline").read_bytes()
            if b" processing " in title and os.getpgid(int(process.name)) == group:
                return True
    return False
