"""Any number of runs share the work, and send nothing twice…"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from orchestrator.models import RegistrationSubmission
from orchestrator.services import reconciling
from orchestrator.submissions import watch
from tests.orchestrator.chat import Chat
from tests.orchestrator.unclear import FIRST, SUBMIT, another, leave_unclear, moment, patient_server
from tests.servers.tools_call_server import Script, ToolsCallServer

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = 4


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use."""
    yield from patient_server(settings)


def all_at_once(deed: Callable[[], Any]) -> list[Any]:
    """Return what the deed came to in each of the threads, which begin together."""
    start = Barrier(RUNS, timeout=30)

    def run(_: int) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(RUNS) as pool:
        return list(pool.map(run, range(RUNS)))


def test_sends_each_once_and_books_each_once(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=False)
    rows = [row, *(another(row, number) for number in range(4))]
    server.script(SUBMIT, Script(delay=0.2))
    tallies = all_at_once(lambda: reconciling.reconcile(at=moment(row, FIRST)))
    sent = Counter(call.args["idempotency_key"] for call in server.calls if call.tool == SUBMIT)
    sent[str(row.pk)] -= 1  # by the parent
    assert sent == {str(one.pk): 1 for one in rows}
    assert sorted(server.booked) == sorted(sent)
    assert sum(tally.looked_at for tally in tallies) == len(rows)
    assert sum(tally.failed for tally in tallies) == 0
    assert set(RegistrationSubmission.objects.values_list("status", flat=True)) == {"confirmed"}


def test_gives_the_lease_to_one(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=False)
    at = moment(row, FIRST)
    taken = [one for one in all_at_once(lambda: watch.take(row.pk, at=at)) if one]
    assert len(taken) == 1
    assert watch.take(row.pk, at=at + watch.LEASE) is not None
