"""How things stand, asked of the database at each scrape, for as long as a scrape may take.

The look has a thread and a connection of its own: whatever the database does, the scrape is answered
in time, with `signupassist_database_up` 0 and without what could not be seen. A look that hangs is
waited for by the next ones: there is never a second.
"""

import logging
import threading
from collections.abc import Iterator
from datetime import datetime
from queue import Empty, SimpleQueue

from django.db import Error, connection, connections, transaction
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from audit import acting
from signupassist.metrics import figures

logger = logging.getLogger(__name__)

SECONDS = 3.0  # Prometheus itself gives up after ten

_looking = threading.Lock()


def within(seconds: float, at: datetime) -> Iterator[Metric]:
    """Yield how things stand, or that it could not be seen in so many seconds."""
    found = _look(seconds, at)
    yield GaugeMetricFamily(
        "signupassist_database_up",
        "Whether the database told within seconds how things stand.",
        value=found is not None,
    )
    yield from found or ()


def _look(seconds: float, at: datetime) -> list[Metric] | None:
    if not _looking.acquire(blocking=False):
        logger.error("The database still owes an earlier look its figures")
        return None
    answers: SimpleQueue[list[Metric] | None] = SimpleQueue()
    threading.Thread(target=_ask, args=[answers, seconds, at], daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except Empty:
        logger.error("The database did not tell its figures in %g seconds", seconds)
        return None


def _ask(answers: "SimpleQueue[list[Metric] | None]", seconds: float, at: datetime) -> None:
    found = None
    try:
        with acting.as_staff():  # it counts everybody's rows, and tells numbers alone
            found = _read(seconds, at)
    except Error as error:  # its text may tell more than a log should know
        logger.error("The database does not tell its figures: %s", type(error).__name__)
    finally:
        connections.close_all()
        _looking.release()
        answers.put(found)


def _read(seconds: float, at: datetime) -> list[Metric]:
    """Return all figures; where nobody waits for them any more, the server stops looking as well."""
    if connection.vendor != "postgresql":
        return list(figures.read(at))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        return list(figures.read(at))
