"""Claiming turns from many threads at once…"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from sessions_store import services
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from sessions_store.services import (
    LeaseLostError,
    SessionChangedError,
    SessionNotFoundError,
    TurnInProgressError,
)
from sessions_store.status import Status
from tests.sessions_store.conftest import MakeSession

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8
TURNS_EACH = 4


def all_at_once(deed: Callable[[int], Any]) -> list[Any]:
    """Return what the deed came to in each of the threads, which are numbered and begin together."""
    start = Barrier(THREADS, timeout=30)

    def run(number: int) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return deed(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_is_won_by_exactly_one(make_session: MakeSession, noon: datetime) -> None:
    session = make_session()

    def claim(_: int) -> str:
        read = AgenticCheckoutSession.objects.get(pk=session.pk)
        read.version = session.version
        try:
            with transaction.atomic():
                services.claim(read, intent="select_provider", at=noon)
        except TurnInProgressError:
            return "lost"
        return "won"

    results = all_at_once(claim)

    assert sorted(results) == ["lost"] * (THREADS - 1) + ["won"]
    assert AgenticCheckoutSession.objects.get().version == 2
    assert SessionTurn.objects.filter(outcome="running").count() == 1


def test_is_won_by_exactly_one_when_a_lease_ran_out(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    services.claim(session, intent="select_provider", at=noon)
    late = noon + services.LEASE
    dead = AgenticCheckoutSession.objects.get()

    def claim(_: int) -> str:
        read = AgenticCheckoutSession.objects.get(pk=session.pk)
        read.version, read.turn_token = dead.version, dead.turn_token
        try:
            with transaction.atomic():
                services.claim(read, intent="retry_search", at=late)
        except TurnInProgressError:
            return "lost"
        return "won"

    results = all_at_once(claim)

    assert results.count("won") == 1
    outcomes = SessionTurn.objects.order_by("seq").values_list("outcome", flat=True)
    assert list(outcomes) == ["done", "interrupted", "running"]


@pytest.mark.parametrize("attempt", range(5))
def test_is_won_by_the_late_result_or_by_one_of_those_who_take_over(
    make_session: MakeSession, noon: datetime, attempt: int
) -> None:
    late_one = services.claim(make_session(), intent="select_provider", at=noon)
    late = noon + services.LEASE
    dead = AgenticCheckoutSession.objects.get()

    def finish_or_claim(number: int) -> str:
        try:
            if number == attempt:
                services.finish(
                    late_one,
                    step="login",
                    status=Status.OPEN,
                    provider_id="",
                    state={},
                    body="",
                    failed=False,
                    at=late,
                )
                return "finished"
            with transaction.atomic():
                services.claim(dead, intent="retry_search", at=late)
        except (TurnInProgressError, SessionChangedError, LeaseLostError):
            return "lost"
        return "taken over"

    [winner] = {*all_at_once(finish_or_claim)} - {"lost"}

    left = {"finished": ["done", "done"], "taken over": ["done", "orphaned", "running"]}
    outcomes = SessionTurn.objects.order_by("seq").values_list("outcome", flat=True)
    assert list(outcomes) == left[winner]
    now = AgenticCheckoutSession.objects.get()
    assert (now.version, now.step == "login") == (3, winner == "finished")


def test_loses_no_turn(make_session: MakeSession, noon: datetime) -> None:
    session = make_session(state={"count": 0})

    def take_turns(_: int) -> None:
        for _ in range(TURNS_EACH):
            while True:
                read = AgenticCheckoutSession.objects.get(pk=session.pk)
                try:
                    with transaction.atomic():
                        claim = services.claim(read, intent="select_provider", at=noon)
                    break
                except (TurnInProgressError, SessionChangedError):
                    time.sleep(0.005)
            services.finish(
                claim,
                step="login",
                status=Status.OPEN,
                provider_id="",
                state={"count": read.state["count"] + 1},
                body="",
                failed=False,
                at=noon,
            )

    all_at_once(take_turns)

    turns = THREADS * TURNS_EACH
    now = AgenticCheckoutSession.objects.get()
    assert now.state == {"count": turns}
    assert now.version == 1 + 2 * turns
    seqs = SessionTurn.objects.order_by("seq").values_list("seq", flat=True)
    assert list(seqs) == list(range(1, turns + 2))


@pytest.mark.parametrize("attempt", range(5))
def test_and_deleting_leaves_either_a_turn_or_nothing(
    make_session: MakeSession, noon: datetime, attempt: int
) -> None:
    session = make_session()

    def claim_or_delete(number: int) -> str:
        try:
            if number % 2:
                services.delete(user_id=session.user_id, session_id=session.pk, at=noon)
                return "deleted"
            with transaction.atomic():
                services.claim(session, intent="select_provider", at=noon)
        except (TurnInProgressError, SessionChangedError, SessionNotFoundError):
            return "refused"
        return "claimed"

    results = all_at_once(claim_or_delete)

    stands = AgenticCheckoutSession.objects.exists()
    assert results.count("claimed") + results.count("deleted") == 1
    assert stands == ("claimed" in results)
    assert SessionTurn.objects.exists() == stands
