"""/readyz…"""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone
from django_q.models import Schedule
from pytest_django import Settings

from orchestrator.tools.contract import Tool
from orchestrator.tools.errors import ToolUnavailableError
from orchestrator.tools.mcp import breaker
from orchestrator.tools.toolbox import get_toolbox
from sessions_store.tasks import beat
from signupassist import health
from tests.servers.tools_call_server import Script, ToolsCallServer

PROGRAMS = Tool.FIND_PROGRAMS.mcp_name


@pytest.fixture(autouse=True)
def just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a process that was started just now."""
    monkeypatch.setattr(health, "STARTED", timezone.now())


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use, and in trouble with one tool."""
    with ToolsCallServer() as running:
        settings.USE_REAL_MCP = True
        settings.MCP_SERVER_URL = running.url
        settings.MCP_ACCESS_TOKEN = running.token
        settings.MCP_TRANSPORT = "tools-call"
        settings.MCP_FALLBACK = False
        settings.MCP_MAX_RETRIES = 0
        running.script(PROGRAMS, Script(status=503))
        yield running


def test_tells_anybody_that_all_is_well(client: Client, db: None) -> None:
    beat()
    Schedule.objects.update(next_run=timezone.now())

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["to_do"]) == ("ok", [])
    checks = answer.json()["checks"]
    assert checks["database"] == "ok"
    assert checks["mcp"] == {"mode": "mock", "breaker": "closed", "last_failure": None}
    assert checks["worker"]["state"] == "ok"
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


def test_shows_the_breaker_and_stays_ready(
    client: Client, db: None, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/readyz").json()["checks"]["mcp"] == {
        "mode": "real",
        "breaker": "closed",
        "last_failure": None,
    }
    for _ in range(5):
        with pytest.raises(ToolUnavailableError):
            get_toolbox().call(Tool.FIND_PROGRAMS, {"org_ref": "blackhawk-ski"})

    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["mcp"] == {
        "mode": "real",
        "breaker": "open",
        "last_failure": "unavailable",
    }
    assert any("MCP_SERVER_URL" in what for what in answer.json()["to_do"])
    assert server.token not in answer.text
    assert server.url not in answer.text

    monkeypatch.setattr(breaker, "monotonic", lambda: float("inf"))
    assert client.get("/readyz").json()["checks"]["mcp"]["breaker"] == "half_open"
    assert len(server.calls) == 5  # a probe of ours asks nobody


@pytest.mark.once
def test_says_no_without_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone() -> None:
        raise OperationalError("canary: host and user of the database")

    monkeypatch.setattr(connection, "cursor", gone)
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["database"] == "unreachable"
    assert "DATABASE_URL" in answer.json()["to_do"][0]
    assert "canary" not in answer.text + caplog.text


def test_says_for_each_flaw_what_to_do(client: Client, db: None) -> None:
    answer = client.get("/readyz").json()
    assert answer["checks"]["worker"]["state"] == "starting"
    assert len(answer["to_do"]) == 1
    beat()
    Schedule.objects.filter(name="cleanup_sessions").delete()
    Schedule.objects.update(next_run=timezone.now())
    [what] = client.get("/readyz").json()["to_do"]
    assert "cleanup_sessions" in what
    assert "manage.py migrate" in what


@pytest.mark.once
@override_settings(SECURE_SSL_REDIRECT=True)
def test_answers_plain_http_where_pages_are_sent_to_https(client: Client, db: None) -> None:
    assert client.get("/readyz").status_code == 200


@pytest.mark.once
def test_takes_nothing_but_questions(client: Client) -> None:
    assert client.post("/readyz").status_code == 405
