"""Is the web server alive, and can it serve? Asked by probes, supervisors and operators."""

import dataclasses
import logging
import time
from collections.abc import Iterator
from functools import lru_cache

from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import RequestCount
from audit import acting
from credentials import selectors
from credentials.keyring import KeyRing
from credentials.services import ring
from orchestrator.tools.toolbox import Condition, get_toolbox
from signupassist import worker_health
from signupassist.worker_health import WorkerHealth

logger = logging.getLogger(__name__)

STARTED = timezone.now()
COUNTED_EVERY = 15  # seconds
NO_STORE = {"Cache-Control": "no-store"}


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 from this process alone: no database, no session, no neighbour is asked."""
    return JsonResponse({"status": "ok"}, headers=NO_STORE)


@require_safe
@acting.as_staff()  # it counts everybody's rows, and tells numbers alone
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 while this process can serve, else 503.

    Without the database it cannot. Without the tool server, the worker or a key that rows need it
    can, if not everything: that is "degraded". The breaker and the keys are this process's own; the
    tool server is not asked. `to_do` says what helps, a sentence for each check that is not well.
    """
    database = _database()
    has_database = database == "ok"
    tools = get_toolbox().condition()
    worker = _worker() if has_database else None
    unopenable = _rows_without_key() if has_database else None
    to_do = list(_to_do(database, tools, worker, unopenable))
    body = {
        "status": "degraded" if to_do else "ok",
        "to_do": to_do,
        "checks": {
            "database": database,
            "mcp": dataclasses.asdict(tools),
            "worker": worker and worker.as_dict(),
            "credentials": {
                "need_missing_key": None if unopenable is None else sum(unopenable.values()),
                "tables": unopenable,
            },
        },
    }
    return JsonResponse(body, status=200 if has_database else 503, headers=NO_STORE)


def _to_do(
    database: str, tools: Condition, worker: WorkerHealth | None, unopenable: dict[str, int] | None
) -> Iterator[str]:
    """Yield what to do about each check that is not well."""
    if database == "unreachable":
        yield "See whether the database runs, and whether DATABASE_URL leads there."
    elif database != "ok":
        yield "Run: manage.py migrate"
    if tools.breaker != "closed":
        yield "See whether the tool server at MCP_SERVER_URL runs: its next answer closes the breaker."
    if database == "ok":
        yield from _for_worker(worker)
        if unopenable is None:
            yield "See in the log why the sealed rows cannot be counted."
        elif unopenable:
            yield "Put the missing key back into CRED_SEAL_KEY, behind the others, and start anew."


def _for_worker(worker: WorkerHealth | None) -> Iterator[str]:
    if worker is None:
        yield "See in the log why the worker's records cannot be read."
        return
    match worker.state:
        case "starting":
            yield "Wait for the worker's first beat; it comes within 35 seconds of its start."
        case "absent":
            yield "Start the worker: python -m signupassist.worker"
        case "late":
            yield "See in the worker's log what holds it up."
    if worker.queue is None:
        yield "See whether Redis runs, and whether REDIS_URL leads there."
    if worker.troubles:
        jobs = ", ".join(worker.troubles)
        yield f"See Job runs and Scheduled tasks in the admin for {jobs}; if missing: manage.py migrate"
    if worker.cleanup_overdue:
        yield "Run: manage.py cleanup_sessions"


def _rows_without_key() -> dict[str, int] | None:
    try:
        return counted_lately(ring(), int(time.monotonic() / COUNTED_EVERY))
    except Error as error:
        logger.error("The sealed rows cannot be counted: %s", type(error).__name__)
        return None


@lru_cache(maxsize=1)
def counted_lately(keys: KeyRing, _moment: int) -> dict[str, int]:
    """Return the rows that need other keys, by table: looked at once in a moment, for all probes."""
    return selectors.rows_without_key(keys)


def _worker() -> WorkerHealth | None:
    try:
        return worker_health.look(timezone.now(), watched_since=STARTED)
    except Error as error:
        logger.error("The worker's records cannot be read: %s", type(error).__name__)
        return None


def _database() -> str:
    """Return "ok", or what keeps this process from serving anything."""
    try:
        tables = connection.introspection.table_names()
    except Error as error:  # its text may tell more than a log should know
        logger.error("The database cannot be reached: %s", type(error).__name__)
        return "unreachable"
    return "ok" if RequestCount._meta.db_table in tables else "not migrated"
