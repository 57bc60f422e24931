"""What the processes of one web server counted, together.

Each process writes into files of a folder that they share, and whoever is asked adds them up
(prometheus_client's multiprocess mode). gunicorn's first process makes the folder before the others
begin (`gunicorn.conf.py`), and so does a worker's: two on one machine never mix. It is new at each
start, and goes with them. Where there is none (a development server, a command), a process counts for
itself.

The files are mapped into memory, and a process that writes to one where the disk has no room is killed
by the kernel (SIGBUS). So the folder is in memory where there is such a place, and a web process takes
the room that it needs before it serves; one that gets none serves uncounted.

`prometheus_client` decides when it is loaded whether a process counts in files, and gunicorn's first
process hands that on to all others. So nothing but `collect` loads it: a process without room can
still decide for itself. That first process begins before there is a log: what went wrong is returned.
"""

import os
import shutil
import sys
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
HEAD = 8  # bytes before the first value: an int, how many are used, and padding


@dataclass
class _Made:
    folder: Path | None = None  # by this process; one of its parents names its own in the variable


_made = _Made()


def begin() -> str:
    """Make the folder, and clear away what killed servers left; once more changes nothing.

    Returns what the log should say went wrong, if anything did.
    """
    if _made.folder is not None:  # SIGHUP: the configuration is read again
        return ""
    try:
        place = _place()
        for left in place.glob(f"{PREFIX}*"):
            if _is_left_over(left):
                shutil.rmtree(left, ignore_errors=True)
        _made.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    except OSError as error:
        os.environ.pop(VARIABLE, None)  # SIGUSR2: that of the server before
        return f"Each process counts for itself: no folder for it ({error.strerror})"
    os.environ[VARIABLE] = str(_made.folder)
    return ""


def _place() -> Path:
    """Return where the folder is made: in TMPDIR if somebody set it, else in memory if one can."""
    if not os.environ.get("TMPDIR") and os.access(IN_MEMORY, os.W_OK | os.X_OK):
        return IN_MEMORY
    return Path(tempfile.gettempdir())


def reserve() -> str:
    """Take the room that this process's files need; without it, let it count for itself, unseen.

    Returns what the log should say went wrong, if anything did.
    """
    if _made.folder is None:
        return ""
    try:
        for name in FILES:
            _fill(_made.folder / f"{name}_{os.getpid()}.db")
    except OSError as error:
        os.environ.pop(VARIABLE, None)
        forget(os.getpid())
        return f"What process {os.getpid()} does is not counted ({error.strerror})"
    return ""


def _fill(file: Path) -> None:
    """Write zeros up to the reserved size, after what an earlier process of this number counted."""
    with file.open("ab") as opened:
        opened.write(bytes(max(0, ROOM - opened.tell())))


def forget(pid: int) -> None:
    """Take away how a process stood that ended, and the room it did not use; its counts stay."""
    if _made.folder is None:
        return
    with suppress(OSError):
        for file in _made.folder.glob(f"*_{pid}.db"):
            if file.name.startswith("gauge_live"):
                file.unlink()
            else:
                _shrink(file)


def _shrink(file: Path) -> None:
    """Cut off what is not used; the file stays, since somebody may be about to read it."""
    with file.open("r+b") as opened:
        used = int.from_bytes(opened.read(4), sys.byteorder)
        opened.truncate(max(used, HEAD))


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
