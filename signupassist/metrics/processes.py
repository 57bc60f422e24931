"""What the processes of one web server counted, together.

Each process writes into files of a folder that they share, and whoever is asked adds them up
(prometheus_client's multiprocess mode). gunicorn's first process makes the folder before the others
begin (`gunicorn.conf.py`), and so does a worker's: two on one machine never mix. It is new at each
start, and goes with them. Where there is none (a development server, a command), a process counts for
itself.

The files are mapped into memory, and a process that writes to one where the disk has no room is killed
by the kernel (SIGBUS). So the folder is in memory where there is such a place, and a web process takes
the room that it needs before it serves; one that gets none serves uncounted.

Nothing here may load `prometheus_client` before the folder is named: at that moment it decides.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Metric

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's name
PREFIX = "signupassist-metrics-"
IN_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
FILES = ("counter", "gauge_liveall", "histogram")  # as prometheus_client names them
ROOM = 512 * 1024  # bytes of each: more than all labels together need

logger = logging.getLogger(__name__)


@dataclass
class _Made:
    folder: Path | None = None  # by this process; one of its parents names its own in the variable


_made = _Made()


def begin() -> None:
    """Make the folder, and clear away what killed servers left; once more changes nothing."""
    if _made.folder is not None:  # SIGHUP: the configuration is read again
        return
    try:
        place = _place()
        for left in place.glob(f"{PREFIX}*"):
            if _is_left_over(left):
                shutil.rmtree(left, ignore_errors=True)
        _made.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    except OSError as error:
        logger.error("Each process counts for itself: no folder for it (%s)", error.strerror)
    else:
        os.environ[VARIABLE] = str(_made.folder)


def _place() -> Path:
    """Return where the folder is made: in TMPDIR if somebody set it, else in memory if one can."""
    if not os.environ.get("TMPDIR") and os.access(IN_MEMORY, os.W_OK | os.X_OK):
        return IN_MEMORY
    return Path(tempfile.gettempdir())


def reserve() -> None:
    """Take the room that this process's files need; without it, let it count for itself, unseen."""
    if _made.folder is None:
        return
    files = [_made.folder / f"{name}_{os.getpid()}.db" for name in FILES]
    try:
        for file in files:
            file.write_bytes(bytes(ROOM))
    except OSError as error:
        os.environ.pop(VARIABLE, None)
        for file in files:
            file.unlink(missing_ok=True)
        logger.error("What process %d does is not counted (%s)", os.getpid(), error.strerror)


def forget(pid: int) -> None:
    """Take away how a process stood that ended; what it counted stays."""
    from prometheus_client import multiprocess

    with suppress(OSError):
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library's


def forget_the_dead() -> None:
    """Take away how those stood that ended and that nobody told of."""
    if _made.folder is not None:
        for file in _made.folder.glob("gauge_live*.db"):
            pid = int(file.stem.rpartition("_")[2])
            if not _lives(pid):
                forget(pid)


def end() -> None:
    """Remove the folder."""
    if _made.folder is not None:
        shutil.rmtree(_made.folder, ignore_errors=True)


def collect() -> "Iterator[Metric]":
    """Yield what all processes counted, or this one where it counts for itself."""
    from prometheus_client import REGISTRY, CollectorRegistry, multiprocess

    if _made.folder is not None and _made.folder.is_dir():
        together = multiprocess.MultiProcessCollector(CollectorRegistry(), str(_made.folder))  # type: ignore[no-untyped-call]  # the library's
        yield from together.collect()  # type: ignore[no-untyped-call]
    else:
        yield from (one for one in REGISTRY.collect() if one.name.startswith("signupassist_"))


def _is_left_over(folder: Path) -> bool:
    """Return whether the server that made a folder of ours is gone; other people's are not ours."""
    pid = folder.name.removeprefix(PREFIX).partition("-")[0]
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.getuid() or not pid.isdecimal():
            return False
    except OSError:
        return False
    # numbers come again: in a container every server is 1
    return int(pid) == os.getpid() or not _lives(int(pid))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
