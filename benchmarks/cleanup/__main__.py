"""What forgetting costs: our clean-up beside one big DELETE and beside deleting row by row.

    nice python -m benchmarks.cleanup [--rows N] [--database sqlite|postgresql] [--folder PATH]

fills a database with expired sessions (each with two turns, about 3 kB), and lets every side delete
them from a copy of its own, in a process of its own, while one live session goes on writing turns
from another process. PostgreSQL is a server of its own that waits for the disk, SQLite has the
product's settings. Row by row, as `session.delete()` does it, is measured on some of the rows and
reckoned up. A million rows need about 15 GB of disk and a quarter of an hour.

Prints for each side how long it took and what it did to the live session: how long one write of it
took (median, 99 of 100, the longest) and how many failed. Ends with 1 where a goal is missed: our
clean-up takes at most 3 times as long as one big DELETE, no live write fails, none is held up for
longer than one batch, and memory stays flat.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django

from benchmarks.cleanup import sides
from benchmarks.cleanup.databases import DATABASES, Database
from benchmarks.cleanup.goals import Result, report
from benchmarks.cleanup.live import write_turns
from benchmarks.cleanup.processes import Process, Told
from benchmarks.cleanup.rows import fill
from tests.suite import environment

ALONE_SECONDS = 1.0  # for the live session, before a side begins


def measure(side: str, deed: Callable[[], Told], database: Database, rows: int) -> Result:
    """Return what a side did to a copy of its own, with a live session beside it."""
    database.copy()
    live = Process(database.copied, write_turns)
    live.hear()  # it is ready
    time.sleep(ALONE_SECONDS)
    told = Process(database.copied, lambda _: deed()).hear()
    heard = live.stop()
    alone, beside = [], []
    for began, until in heard["writes"]:
        if until <= told["began"]:
            alone.append(until - began)
        elif began < told["ended"]:
            beside.append(until - began)
    return Result(side, told, rows, alone, beside, heard["errors"])


def run(name: str, rows: int, folder: Path) -> bool:
    """Measure every side on one database; return whether the goals are met."""
    deeds: dict[str, Callable[[], Told]] = {
        "one DELETE": sides.delete_in_one,
        "batches": sides.delete_in_batches,
        "row by row": lambda: sides.delete_row_by_row(rows),
    }
    with DATABASES[name](folder) as database:
        os.environ |= environment(folder) | {"DATABASE_URL": database.url}
        os.environ["DJANGO_SETTINGS_MODULE"] = "signupassist.settings"
        django.setup()  # once: the processes are forks of this one, which never connects
        Process(database.template, lambda _: fill(rows)).hear()
        results = {side: measure(side, deed, database, rows) for side, deed in deeds.items()}
        return report(database, results)


def main() -> int:
    """Return 0 where the goals are met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--database", choices=DATABASES, help="default: both")
    parser.add_argument("--folder", type=Path, help="for SQLite's files; default: a temporary one")
    given = parser.parse_args()
    if given.database is None:
        same = [sys.executable, "-m", "benchmarks.cleanup", *sys.argv[1:]]
        each = [[*same, "--database", name] for name in DATABASES]
        return max(subprocess.run(command, check=False).returncode for command in each)
    with tempfile.TemporaryDirectory(prefix="cleanup-", dir=given.folder) as home:
        return 0 if run(given.database, max(100, given.rows), Path(home)) else 1


if __name__ == "__main__":
    sys.exit(main())
