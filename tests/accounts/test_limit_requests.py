"""Asking too often…"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import redis
import time_machine
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import limits
from accounts.models import RequestCount, User

LIMIT = 40
HANDFUL = LIMIT // limits.HANDFUL


@pytest.fixture(autouse=True)
def at_noon(noon: datetime, settings: Settings) -> Iterator[time_machine.Traveller]:
    """Limits that a test can reach, in a process that has taken nothing yet."""
    settings.REQUEST_LIMITS = {"person": LIMIT, "address": 3 * LIMIT, "doors": LIMIT}
    limits.start_anew()
    with time_machine.travel(noon.replace(second=20), tick=False) as clock:
        yield clock
    limits.start_anew()


def admitted(who: str, at: datetime, tries: int = 3 * LIMIT) -> int:
    return [limits.seconds_to_wait("person", who, at=at) for _ in range(tries)].count(0)


def test_is_refused_until_the_minute_ends(noon: datetime) -> None:
    assert admitted("pat", noon) == LIMIT
    assert limits.seconds_to_wait("person", "pat", at=noon + timedelta(seconds=50)) == 10
    assert admitted("sam", noon) == LIMIT
    assert admitted("pat", noon + timedelta(minutes=1)) == LIMIT


def test_counts_what_other_processes_took(noon: datetime) -> None:
    first = admitted("pat", noon, tries=LIMIT // 2)
    limits.start_anew()

    assert first + admitted("pat", noon) == LIMIT


def test_costs_a_statement_only_now_and_then(noon: datetime) -> None:
    with CaptureQueriesContext(connection) as asked:
        admitted("pat", noon)

    taken = [query for query in asked if "INSERT INTO request_counts" in query["sql"]]
    assert len(taken) == LIMIT // HANDFUL + 1  # the last one was in vain, and was not repeated


def test_goes_by_the_newer_of_two_clocks_a_minute_apart(noon: datetime) -> None:
    admitted("pat", noon + timedelta(minutes=1), tries=LIMIT // 2)
    limits.start_anew()

    assert admitted("pat", noon) == LIMIT // 2


def test_is_not_locked_out_by_a_clock_that_was_put_right(noon: datetime) -> None:
    admitted("pat", noon + timedelta(hours=1))

    assert admitted("pat", noon) == LIMIT


def test_is_forgotten_when_nobody_asks_any_more(noon: datetime) -> None:
    admitted("pat", noon)
    admitted("sam", noon + timedelta(minutes=11))

    assert RequestCount.objects.count() == 1
    assert "pat" not in repr(RequestCount.objects.values_list())


def test_does_not_bind_where_there_is_no_such_limit(noon: datetime, settings: Settings) -> None:
    settings.REQUEST_LIMITS = {}

    assert admitted("pat", noon) == 3 * LIMIT
    assert not RequestCount.objects.exists()


def test_locks_nobody_out_while_redis_is_away(
    noon: datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise redis.ConnectionError("nobody listens")

    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(type(caches["default"]), "add", refuse)

    assert admitted("pat", noon) == 3 * LIMIT


def test_answers_the_api_with_a_problem(parent: User, stranger: User) -> None:
    client, other = Client(), Client()
    client.force_login(parent)
    other.force_login(stranger)
    for _ in range(LIMIT):
        assert client.get("/api/v1/me").status_code == 200

    answer = client.get("/api/v1/me")

    assert answer.status_code == 429
    assert answer.json()["code"] == "rate_limited"
    assert answer.json()["detail"] == "Too many requests. Please wait a moment."
    assert answer["Retry-After"] == "40"
    assert other.get("/api/v1/me").status_code == 200


def test_counts_an_address_before_anybody_is_known(client: Client) -> None:
    codes = [client.get("/api/v1/me").status_code for _ in range(4 * LIMIT)]

    assert codes == [401] * (3 * LIMIT) + [429] * LIMIT
    assert client.get("/").status_code == 429
    assert client.get("/healthz").status_code == 200, "probes have no limit"
    assert client.get("/api/v1/me", REMOTE_ADDR="10.9.9.9").status_code == 401


@pytest.mark.parametrize("path", ["/auth", "/auth/signup", "/auth/reset", "/api/v1/auth/token"])
def test_is_stricter_at_the_doors(client: Client, path: str) -> None:
    codes = [client.get(path).status_code for _ in range(LIMIT + 1)]

    assert 429 not in codes[:-1]
    assert codes[-1] == 429
    answer = client.get(path)
    assert answer["Retry-After"] == "40"
    assert "Too many requests. Please wait a moment." in answer.content.decode()
    assert client.get("/api/v1/me").status_code == 401


def test_counts_the_neighbours_in_a_network_of_ipv6_as_one(client: Client) -> None:
    for number in range(LIMIT):
        client.get("/auth", REMOTE_ADDR=f"2001:db8:0:1::{number:x}")

    assert client.get("/auth", REMOTE_ADDR="2001:db8:0:1:ffff::1").status_code == 429
    assert client.get("/auth", REMOTE_ADDR="2001:db8:0:2::1").status_code == 200


def test_believes_no_header_that_no_proxy_of_ours_wrote(client: Client) -> None:
    for number in range(LIMIT):
        client.get("/auth", headers={"x-forwarded-for": f"203.0.113.{number}"})

    assert client.get("/auth", headers={"x-forwarded-for": "203.0.113.99"}).status_code == 429
