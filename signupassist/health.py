"""Is the web server alive, and can it serve? Asked by probes, supervisors and operators."""

import dataclasses
import logging

from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from orchestrator.tools.toolbox import get_toolbox

logger = logging.getLogger(__name__)

NO_STORE = {"Cache-Control": "no-store"}


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 from this process alone: no database, no session, no neighbour is asked."""
    return JsonResponse({"status": "ok"}, headers=NO_STORE)


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 while this process can serve, else 503.

    Without the database it cannot. Without the tool server it can, if not everything: that is
    "degraded". The breaker is this process's own; the tool server is not asked.
    """
    has_database = _database_answers()
    tools = get_toolbox().condition()
    is_well = has_database and tools.breaker == "closed"
    body = {
        "status": "ok" if is_well else "degraded",
        "checks": {
            "database": "ok" if has_database else "unreachable",
            "mcp": dataclasses.asdict(tools),
        },
    }
    return JsonResponse(body, status=200 if has_database else 503, headers=NO_STORE)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:  # its text may tell more than a log should know
        logger.error("The database cannot be reached: %s", type(error).__name__)
        return False
    return True
