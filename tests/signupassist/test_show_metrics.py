"""Showing at /metrics what was counted, and how things stand…"""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
import requests
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from accounts.models import User
from sessions_store.models import AgenticCheckoutSession
from sessions_store.tasks import beat
from signupassist.metrics import counted, figures, state
from tests.credentials.conftest import ANOTHER_KEY
from tests.orchestrator.chat import Chat
from tests.servers.web_process import WebServer, url_of_tests

TOKEN = "0123456789abcdef-of-the-suite"
BEARER = {"authorization": f"Bearer {TOKEN}"}

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def scraped(settings: Settings) -> None:
    """Let there be a token, so that there are metrics."""
    settings.METRICS_TOKEN = TOKEN


@pytest.fixture(autouse=True)
def fresh_counts() -> Iterator[None]:
    """Let no test find which keys another one's rows needed."""
    figures.sealed_rows.cache_clear()
    yield
    figures.sealed_rows.cache_clear()


def values_in(text: str) -> Values:
    return values_of(text_string_to_metric_families(text))


def values_of(families: Iterable[Metric]) -> Values:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(values: Values, name: str, **labels: str) -> float:
    return values[f"signupassist_{name}", frozenset(labels.items())]


def standing() -> Values:
    return values_of(figures.read(timezone.now()))


# --- Who may see them ----------------------------------------------------------------------------


@pytest.mark.once
def test_tells_nobody_that_they_are_there_without_a_token_in_the_settings(client: Client) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.once
@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer ä"]
)
def test_asks_for_the_token(client: Client, scraped: None, given: str) -> None:
    answer = client.get("/metrics", headers={"authorization": given})

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert "signupassist_" not in answer.text


@pytest.mark.once
def test_is_open_to_a_developer_on_the_same_machine_alone(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "within", lambda *_: iter(()))
    settings.DEBUG = True
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics").status_code == 401


# --- What is counted -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_adds_up_what_all_processes_of_a_server_counted(tmp_path: Path) -> None:
    secret = {"METRICS_TOKEN": TOKEN, "TMPDIR": str(tmp_path), "WEB_CONCURRENCY": "2"}
    server = WebServer(url_of_tests(), tmp_path, threads=2, environment=secret)
    server._command.remove("--workers=1")
    folder = tmp_path / "signupassist-metrics-999999999-left"  # of one that was killed
    folder.mkdir()
    try:
        server.start()
        there = {file.name for file in tmp_path.glob("signupassist-metrics-*")}
        deadline = monotonic() + 30
        sent = answered = 0
        while answered < 2 and monotonic() < deadline:  # until both processes served
            with ThreadPoolExecutor(8) as pool:
                for status in pool.map(lambda _: _ask(server, "/api/v1/nowhere/17"), range(24)):
                    assert status == 404
            sent += 24
            answered = sum(map(_has_counted, tmp_path.glob("signupassist-metrics-*/counter_*.db")))
        text = requests.get(f"{server.url}/metrics", headers=BEARER, timeout=10).text
    finally:
        server.close()

    found = values_in(text)
    assert answered == 2
    assert value(found, "http_requests_total", method="GET", route="none", status="4xx") == sent
    assert value(found, "http_request_seconds_count", route="none") == sent
    assert value(found, "database_up") == 1
    assert "nowhere" not in text
    assert folder.name not in there  # cleared away at the start


def _has_counted(file: Path) -> bool:
    return any(MmapedDict.read_all_values_from_file(str(file)))  # type: ignore[no-untyped-call]  # the library's


def _ask(server: WebServer, path: str) -> int:
    headers = {"X-Forwarded-Proto": "https", "Connection": "close"}
    return requests.get(server.url + path, headers=headers, timeout=30).status_code


def test_counts_requests_by_route_and_never_by_path(
    client: Client, parent: User, scraped: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "within", lambda *_: iter(()))
    known = {"method": "GET", "route": "session", "status": "4xx"}
    odd = {"method": "other", "route": "healthz", "status": "4xx"}
    before = values_in(client.get("/metrics", headers=BEARER).text)
    client.get("/api/v1/sessions/5f1c1d7e-0000-4000-8000-000000000001")
    client.generic("BREW", "/healthz")
    client.get("/admin/audit/")
    text = client.get("/metrics", headers=BEARER).text
    after = values_in(text)

    for labels in (known, odd):
        key = ("signupassist_http_requests_total", frozenset(labels.items()))
        assert after[key] - before.get(key, 0) == 1
    assert 'route="admin"' in text
    assert "5f1c1d7e" not in text
    assert "BREW" not in text


@pytest.mark.once
def test_tells_each_process_breaker_by_the_clock() -> None:
    family = GaugeMetricFamily("signupassist_mcp_breaker_open_until", "-", labels=["pid"])
    for pid, until in (("1", 0.0), ("2", 50.0), ("3", 150.0), ("4", 0.0)):
        family.add_metric([pid], until)

    shown = counted.breakers(family, at=100.0)

    assert [(one.labels["state"], one.value) for one in shown.samples] == [
        ("closed", 2),
        ("open", 1),
        ("half_open", 1),
    ]


# --- How things stand ----------------------------------------------------------------------------


def test_reads_how_things_stand_from_the_database(parent: User) -> None:
    beat()
    chat = Chat(parent)
    chat.walk_to("login")
    chat.save_login()
    Chat(parent).begin()
    old = timezone.now() - timedelta(hours=60)
    gone = AgenticCheckoutSession.objects.order_by("-created_at")[:1].get()
    AgenticCheckoutSession.objects.filter(pk=gone.pk).update(
        created_at=old, expires_at=old + timedelta(hours=24)
    )

    found = standing()

    assert value(found, "sessions", state="active") == 1
    assert value(found, "sessions", state="expired") == 1
    assert value(found, "sessions_cleanup_overdue") == 1
    assert value(found, "audit_rows", state="sealed") == 0
    assert value(found, "audit_rows", state="waiting") >= 4
    assert 0 < value(found, "audit_unsealed_seconds") < 60
    assert value(found, "submissions", status="confirmed") == 0
    assert value(found, "submissions_unsettled", status="outcome_unknown") == 0
    assert value(found, "queue_tasks") == value(found, "queue_oldest_seconds") == 0
    assert timezone.now().timestamp() - value(found, "worker_last_beat_timestamp_seconds") < 60
    by_column = {
        dict(labels)["column"]: number
        for (name, labels), number in found.items()
        if name == "signupassist_sealed_rows"
    }
    assert by_column["stored_credentials.ciphertext"] == 1
    assert by_column["session_turns.body"] >= 3


def test_tells_of_keys_that_are_gone_and_needed(parent: User, settings: Settings) -> None:
    chat = Chat(parent)
    chat.walk_to("login")
    chat.save_login()
    settings.CRED_SEAL_KEY = ANOTHER_KEY

    missing = [
        dict(labels)["column"]
        for (name, labels), number in standing().items()
        if name == "signupassist_sealed_rows" and ("standing", "missing") in labels and number
    ]

    assert "stored_credentials.ciphertext" in missing
    assert "session_turns.body" in missing


def test_stops_counting_where_a_number_says_enough(
    parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "ENOUGH_SESSIONS", 2)
    for _ in range(3):
        Chat(parent).begin()
    assert value(standing(), "sessions", state="active") == 2


@pytest.mark.once
def test_answers_in_time_though_the_database_does_not_and_asks_it_once(
    client: Client, scraped: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, free = [], threading.Event()

    def hang(at: object) -> Iterator[Metric]:
        asked.append(at)
        free.wait(30)
        return iter(())

    monkeypatch.setattr(figures, "read", hang)
    monkeypatch.setattr(state, "SECONDS", 0.05)
    first = client.get("/metrics", headers=BEARER)
    second = client.get("/metrics", headers=BEARER)
    free.set()
    with state._looking:  # the look has ended
        pass

    for answer in (first, second):
        assert answer.status_code == 200
        assert value(values_in(answer.text), "database_up") == 0
        assert "signupassist_http_requests_total" in answer.text
        assert "signupassist_sessions" not in answer.text
    assert len(asked) == 1


@pytest.mark.once
def test_says_no_more_of_a_broken_database_than_that_it_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(at: object) -> Iterator[Metric]:
        raise OperationalError("canary: host and user of the database")

    monkeypatch.setattr(figures, "read", gone)
    found = values_of(state.within(10, timezone.now()))

    assert found == {("signupassist_database_up", frozenset()): 0}
    assert "canary" not in caplog.text
