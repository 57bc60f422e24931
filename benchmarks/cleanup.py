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
import base64
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID

import django
import psycopg
from tqdm import tqdm

from tests import pgtemp
from tests.suite import environment

MOST_OF_DELETE = 3.0
MOST_MORE_MEMORY = 8.0  # MB, between a tenth of the work and its end
LIVE_ALONE_SECONDS = 1.0
LIVE_PAUSE = 0.01  # seconds between two turns of the live session
SAMPLE = 2_000  # rows for the side that takes them one by one
STATE_BYTES, BODY_BYTES, TURNS = 1_500, 600, 2
NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
SESSION_COLUMNS = (
    "id, user_id, provider_id, step, status, state, version, created_at, updated_at, expires_at"
)
TURN_COLUMNS = "session_id, seq, token, intent, outcome, body, created_at"

Told = dict[str, Any]
FORK = multiprocessing.get_context("fork")


# --- What the processes do -----------------------------------------------------------------------


def fill(rows: int) -> Told:
    """Make the tables, and expired sessions with their turns in the order of time."""
    from django.core.management import call_command
    from django.db import connection, transaction

    from accounts.models import User
    from sessions_store.ids import time_ordered
    from sessions_store.status import Status

    call_command("migrate", verbosity=0, interactive=False)
    people = [User(email=f"{number}@example.com") for number in range(min(rows, 1_000))]
    User.objects.bulk_create(people)
    statuses = [Status.OPEN, Status.COMPLETED, Status.CANCELLED]
    first, step = NOW - timedelta(days=3), timedelta(days=1) / rows
    noise = base64.b64encode(os.urandom(100_000)).decode()

    def text(size: int, number: int) -> str:
        start = number * 37 % (len(noise) - size)
        return noise[start : start + size]

    ids = [(first + number * step, time_ordered(first + number * step)) for number in range(rows)]
    with transaction.atomic():
        _insert(
            "agentic_checkout_sessions",
            SESSION_COLUMNS,
            (
                (
                    pk, people[number % len(people)].pk, "skiclubpro", "form_fill",
                    statuses[number % 3], json.dumps({"plan": text(STATE_BYTES, number)}), 3,
                    at, at, at + timedelta(hours=24),
                )
                for number, (at, pk) in enumerate(tqdm(ids, unit="session", disable=None))
            ),
        )  # fmt: skip
        _insert(
            "session_turns",
            TURN_COLUMNS,
            (
                (pk, seq, time_ordered(at), "start", "done", f"sa1.{text(BODY_BYTES, seq)}", at)
                for at, pk in tqdm(ids, unit="session", disable=None)
                for seq in range(1, TURNS + 1)
            ),
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return {}


def _insert(table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """Write rows the fast way of each database."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns.split(",")))
        insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  our own words
        for some in _batched(rows):
            cursor.executemany(insert, some)


def _batched(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[list[Any]]]:
    """Give them as Django keeps them on SQLite, so many at a time."""
    while some := [[_plain(value) for value in row] for row in islice(rows, 1_000)]:
        yield some


def _plain(value: Any) -> Any:
    """Return a value as Django keeps it on SQLite."""
    if isinstance(value, UUID):
        return value.hex
    return value.replace(tzinfo=None).isoformat(" ") if isinstance(value, datetime) else value


def delete_in_one() -> Told:
    """Delete them all in one transaction."""
    from django.db import transaction

    from sessions_store.models import AgenticCheckoutSession, SessionTurn

    due = AgenticCheckoutSession.objects.expired(NOW)
    with transaction.atomic():
        SessionTurn.objects.filter(session_id__in=due.values("pk"))._raw_delete("default")
        return {"deleted": due._raw_delete("default")}


def delete_in_batches() -> Told:
    """Delete them as the product does."""
    from sessions_store import forgetting

    total, deleted, peak = forgetting.due(at=NOW).total, 0, 0.0

    def look(gone: int) -> None:
        nonlocal deleted, peak
        deleted += gone
        if not peak and deleted >= total / 10:
            peak = peak_memory()

    done = forgetting.forget_expired(at=NOW, max_seconds=float("inf"), after_batch=look)
    return {
        "deleted": done.deleted,
        "batches": done.batches,
        "longest": done.longest,
        "peak_at_a_tenth": peak,
    }


def delete_row_by_row(rows: int) -> Told:
    """Delete some of them, each by itself."""
    from sessions_store.models import AgenticCheckoutSession

    some = AgenticCheckoutSession.objects.expired(NOW).order_by("expires_at")[: min(rows, SAMPLE)]
    for session in some.iterator():
        session.delete()
    return {"deleted": min(rows, SAMPLE)}


def write_turns(until: Connection) -> Told:
    """Write one turn after the other until told to stop; say when each write began and ended."""
    from django.db import DatabaseError, transaction
    from django.utils import timezone

    from accounts.models import User
    from audit.actions import Action
    from sessions_store import services
    from sessions_store.status import Status

    user = User.objects.create_user("live@example.com")
    state = {"plan": "x" * STATE_BYTES}
    session = services.new(user_id=user.pk, step="form_fill", state=state, at=timezone.now())
    services.begin(session, body="", at=timezone.now())
    writes: list[tuple[float, float]] = []
    errors: list[str] = []

    def timed(deed: Callable[[], Any]) -> Any:
        began = time.time()
        try:
            return deed()
        finally:
            writes.append((began, time.time()))

    def claim() -> services.Claim:
        with transaction.atomic():
            claimed = services.claim(session, intent="message", at=timezone.now())
            services.record_for(session, Action.MESSAGE_SENT, at=timezone.now(), intent="message")
        return claimed

    until.send("ready")
    while not until.poll():
        try:
            claimed = timed(claim)
            session.version = timed(
                lambda: services.finish(
                    claimed,  # noqa: B023  called at once
                    step="form_fill",
                    status=Status.OPEN,
                    provider_id="skiclubpro",
                    state=state,
                    body="sa1." + "x" * BODY_BYTES,
                    failed=False,
                    at=timezone.now(),
                )
            )
        except DatabaseError as error:
            errors.append(str(error).splitlines()[0])
        time.sleep(LIVE_PAUSE)
    return {"writes": writes, "errors": errors}


def peak_memory() -> float:
    """Return the most memory that this process ever held, in MB."""
    per_mb = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mb


class Process:
    """A process of its own on one database."""

    def __init__(self, database: str, deed: Callable[[Connection], Told]) -> None:
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=self._run, args=(database, deed, theirs), daemon=True)
        self.process.start()
        theirs.close()  # so that it reads as ended when the process has ended

    @staticmethod
    def _run(database: str, deed: Callable[[Connection], Told], pipe: Connection) -> None:
        from django.db import connection

        connection.settings_dict["NAME"] = database
        began = time.time()
        told = deed(pipe) | {"began": began, "ended": time.time(), "peak": peak_memory()}
        connection.close()  # SQLite's log is in the file then
        pipe.send(told)

    def hear(self) -> Any:
        """Return what it says next."""
        try:
            return self.pipe.recv()
        except EOFError:
            sys.exit("A process failed.")

    def stop(self) -> Told:
        """Return what it tells in the end."""
        self.pipe.send("stop")
        told: Told = self.hear()
        self.process.join()
        return told


# --- The databases -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Database:
    """A database to copy: its address and the names of it and of its copy, and how that is made."""

    title: str
    url: str
    template: str
    copied: str
    copy: Callable[[], None]


@contextmanager
def sqlite(folder: Path) -> Iterator[Database]:
    """Give SQLite as files of this folder."""
    template, copied = folder / "template.sqlite3", folder / "copied.sqlite3"

    def copy() -> None:
        for file in folder.glob("copied.sqlite3*"):
            file.unlink()
        shutil.copy(template, copied)
        os.sync()

    yield Database("SQLite", f"sqlite:///{template}", str(template), str(copied), copy)


@contextmanager
def postgresql(folder: Path) -> Iterator[Database]:
    """Give a PostgreSQL that waits for the disk."""
    binaries = pgtemp.find_binaries()
    if binaries is None:
        sys.exit("no PostgreSQL: apt-get install postgresql, or set PG_BIN")
    with pgtemp.server(binaries, is_durable=True) as url:
        base = url.removesuffix("/postgres")
        host = base.removeprefix("postgres://app@/")

        def do(*statements: str) -> None:
            with psycopg.connect(
                host=host, user="app", dbname="postgres", autocommit=True
            ) as connection:
                for statement in statements:
                    connection.execute(statement.encode())

        def copy() -> None:
            do(
                "DROP DATABASE IF EXISTS copied",
                "CREATE DATABASE copied TEMPLATE template STRATEGY FILE_COPY",
                "CHECKPOINT",
            )

        do("CREATE DATABASE template")
        yield Database("PostgreSQL", f"{base}/template", "template", "copied", copy)


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}


# --- Both sides ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What one side did, and what it did to the live session."""

    side: str
    told: Told
    rows: int
    alone: list[float]  # seconds of each live write before the side began
    beside: list[float]
    errors: list[str]

    @property
    def seconds(self) -> float:
        """Return how long all rows take."""
        took = self.told["ended"] - self.told["began"]
        return float(took * self.rows / self.told["deleted"])

    @property
    def stall(self) -> float:
        """Return how long the slowest live write took."""
        return max(self.beside, default=0.0)


def measure(side: str, deed: Callable[[], Told], database: Database, rows: int) -> Result:
    """Return what a side did to a copy of its own, with a live session beside it."""
    database.copy()
    live = Process(database.copied, write_turns)
    live.hear()  # it is ready
    time.sleep(LIVE_ALONE_SECONDS)
    told = Process(database.copied, lambda _: deed()).hear()
    heard = live.stop()
    alone, beside = [], []
    for began, until in heard["writes"]:
        if until <= told["began"]:
            alone.append(until - began)
        elif began < told["ended"]:
            beside.append(until - began)
    return Result(side, told, rows, alone, beside, heard["errors"])


def report(database: Database, results: dict[str, Result]) -> bool:
    """Print what was measured; return whether the goals are met."""
    one, ours = results["one DELETE"], results["batches"]
    print(f"\n{database.title}, {ours.rows:,} expired sessions with {TURNS} turns each")
    print(
        f"{'side':<12}{'seconds':>9}{'x DELETE':>10}{'live writes':>13}{'p50':>9}{'p99':>10}"
        f"{'longest':>11}{'failed':>8}{'peak':>10}"
    )
    for result in results.values():
        cuts = quantiles([0, 0, *result.beside], n=100, method="inclusive")
        print(
            f"{result.side:<12}{result.seconds:>9.1f}{result.seconds / one.seconds:>10.2f}"
            f"{len(result.beside):>13}{1000 * cuts[49]:>6.1f} ms{1000 * cuts[98]:>7.1f} ms"
            f"{1000 * result.stall:>8.1f} ms{len(result.errors):>8}"
            f"{result.told['peak']:>7.0f} MB"
        )
    told, usual = ours.told, max(ours.alone, default=0.0)
    print(
        f"{told['batches']} batches, the longest {1000 * told['longest']:.0f} ms; memory at a tenth"
        f" {told['peak_at_a_tenth']:.1f} MB, at the end {told['peak']:.1f} MB; a live write alone at"
        f" most {1000 * usual:.1f} ms; row by row is reckoned from"
        f" {results['row by row'].told['deleted']:,} rows"
    )
    goals = {
        f"all {ours.rows:,} deleted": told["deleted"] == one.told["deleted"] == ours.rows,
        f"at most {MOST_OF_DELETE:g} x one DELETE": ours.seconds <= MOST_OF_DELETE * one.seconds,
        "no live write failed": not ours.errors,
        "no live write waited for longer than one batch": ours.stall <= told["longest"] + usual,
        "memory stays flat": told["peak"] - told["peak_at_a_tenth"] <= MOST_MORE_MEMORY,
    }
    for goal, is_met in goals.items():
        print(f"  {'met   ' if is_met else 'MISSED'} {goal}")
    return all(goals.values())


def run(name: str, rows: int, folder: Path) -> bool:
    """Measure every side on one database; return whether the goals are met."""
    sides: dict[str, Callable[[], Told]] = {
        "one DELETE": delete_in_one,
        "batches": delete_in_batches,
        "row by row": lambda: delete_row_by_row(rows),
    }
    with DATABASES[name](folder) as database:
        os.environ |= environment(folder) | {"DATABASE_URL": database.url}
        os.environ["DJANGO_SETTINGS_MODULE"] = "signupassist.settings"
        django.setup()  # once: the processes are forks of this one, which never connects
        Process(database.template, lambda _: fill(rows)).hear()
        results = {side: measure(side, deed, database, rows) for side, deed in sides.items()}
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
