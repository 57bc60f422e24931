"""What the processes of one web server counted, together.

Each process writes into files of a folder that they share, and whoever is asked adds them up
(prometheus_client's multiprocess mode). gunicorn's first process makes the folder before the others
begin (`gunicorn.conf.py`), so two servers on one machine never mix; it is new at each start, and goes
with the server. Where there is none (a development server, a command), a process counts for itself.

Nothing here may load `prometheus_client` before the folder is named: at that moment it decides.
"""

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


@dataclass
class _Made:
    folder: Path | None = None  # by this process; one of its parents names its own in the variable


_made = _Made()


def begin() -> None:
    """Make the folder, and clear away what killed servers left; once more changes nothing."""
    if _made.folder is not None:  # SIGHUP: the configuration is read again
        return
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _is_left_over(left):
            shutil.rmtree(left, ignore_errors=True)
    _made.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    os.environ[VARIABLE] = str(_made.folder)


def forget(pid: int) -> None:
    """Take away how a process stood that ended; what it counted stays."""
    from prometheus_client import multiprocess

    with suppress(OSError):
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library's


def end() -> None:
    """Remove the folder."""
    if _made.folder is not None:
        shutil.rmtree(_made.folder, ignore_errors=True)


def collect() -> "Iterator[Metric]":
    """Yield what all processes counted, or this one where it counts for itself."""
    from prometheus_client import REGISTRY, CollectorRegistry, multiprocess

    folder = os.environ.get(VARIABLE)
    if folder and Path(folder).is_dir():
        together = multiprocess.MultiProcessCollector(CollectorRegistry(), folder)  # type: ignore[no-untyped-call]  # the library's
        yield from together.collect()  # type: ignore[no-untyped-call]
    else:
        yield from (one for one in REGISTRY.collect() if one.name.startswith("signupassist_"))


def _is_left_over(folder: Path) -> bool:
    """Return whether the server that made a folder of ours is gone; other people's are not ours."""
    pid = folder.name.removeprefix(PREFIX).partition("-")[0]
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.getuid() or not pid.isdecimal():
            return False
        if int(pid) == os.getpid():  # numbers come again: in a container every server is 1
            return True
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
