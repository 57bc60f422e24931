"""Is the web server alive, and can it serve? Asked by probes, supervisors and operators."""

import dataclasses
import logging
import time
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
from orchestrator.tools.toolbox import get_toolbox
from signupassist import worker_health
from signupassist.worker_health import WorkerHealth

logger = logging.getLogger(__name__)

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
    tool server is not asked.
    """
    database = _database()
    has_database = database == "ok"
    tools = get_toolbox().condition()
    worker = _worker() if has_database else None
    unopenable = _rows_without_key() if has_database else None
    is_well = (
        tools.breaker == "closed" and worker is not None and worker.is_well and unopenable == {}
    )
    body = {
        "status": "ok" if is_well else "degraded",
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
        return worker_health.look(timezone.now())
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
