"""Do conversations survive, and are they forgotten when their time is over?"""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sessions_store import schedules
from signupassist import worker_health
from signupassist.readiness.findings import Finding, needed

FULL, EXTRA = 2, 3  # SQLite's words for "every commit waits for the disk"


def look(at: datetime) -> Iterator[Finding]:
    """Yield what was found."""
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    yield needed(
        "Schema",
        not waiting,
        f"{len(waiting)} migrations are waiting" if waiting else "is this version's",
        "Run: manage.py migrate",
    )
    yield _commits()
    worker = worker_health.look(at)
    seen = "never seen" if worker.last_beat is None else f"last beat {worker.last_beat} s ago"
    yield needed(
        "Worker",
        worker.state == "ok",
        f"{worker.state}, {seen}",
        "Start it: python -m signupassist.worker. The first beat comes within 35 seconds.",
    )
    cleanup = worker.jobs[schedules.CLEANUP]
    ended = (
        f"last ended {cleanup.last_ended:%Y-%m-%d %H:%M} UTC"
        if cleanup.last_ended
        else "no run yet"
    )
    yield needed(
        "Nightly clean-up",
        cleanup.state in {"ok", "running", "waiting"},
        f"{cleanup.state}, {ended}",
        "See Job runs and Scheduled tasks in the admin; `missing`: run manage.py migrate",
    )
    yield needed(
        "Expired sessions",
        not worker.cleanup_overdue,
        "some expired more than 26 hours ago"
        if worker.cleanup_overdue
        else "are cleaned up in time",
        "Run: manage.py cleanup_sessions",
    )


def _commits() -> Finding:
    is_durable = commits_are_durable()
    return needed(
        "Commits",
        is_durable,
        "wait for the disk" if is_durable else "do not wait for the disk",
        "A power cut would lose records of what was done. PostgreSQL: fsync, full_page_writes and "
        "synchronous_commit on.",
    )


def commits_are_durable() -> bool:
    """Return whether what was committed survives a power cut, as far as the database is asked."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'"
                " AND current_setting('synchronous_commit') <> 'off'"
            )
            return bool(cursor.fetchone()[0])
        cursor.execute("PRAGMA synchronous")
        return cursor.fetchone()[0] in (FULL, EXTRA)
