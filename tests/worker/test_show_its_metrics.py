"""The worker's own /metrics…"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
import requests
from pytest_django import Settings

from signupassist.metrics import worker_door
from tests.scripts.checkout import free_port
from tests.sessions_store.conftest import ROOT

pytestmark = pytest.mark.once

TOKEN = "0123456789abcdef-of-the-suite"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    """Return where a worker answers that has a token."""
    settings.METRICS_TOKEN = TOKEN
    server = worker_door.open_at(0)
    assert server is not None
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/metrics", BEARER, HTTPStatus.OK),
        ("/metrics", {}, HTTPStatus.UNAUTHORIZED),
        ("/metrics", {"Authorization": "Bearer ä".encode()}, HTTPStatus.UNAUTHORIZED),
        ("/", BEARER, HTTPStatus.NOT_FOUND),
    ],
)
def test_is_for_who_knows_the_token(
    address: str, path: str, headers: dict[str, str | bytes], status: int
) -> None:
    answer = requests.get(address + path, headers=headers, timeout=10)
    assert answer.status_code == status
    assert ("signupassist_mcp_breakers" in answer.text) is (status == HTTPStatus.OK)
    assert ("WWW-Authenticate" in answer.headers) is (status == HTTPStatus.UNAUTHORIZED)


def test_is_not_there_without_a_token(address: str, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert requests.get(f"{address}/metrics", timeout=10).status_code == HTTPStatus.NOT_FOUND


def test_is_gone_without_where_the_port_is_taken(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert worker_door.open_at(int(address.rpartition(":")[2])) is None
    assert "cannot be used" in caplog.text


COUNTS_AND_DIES = """
import subprocess, sys
import django
django.setup()
from signupassist.metrics import processes
processes.begin()
a_job = '''
import django, os
django.setup()
from orchestrator.tools import counts
from orchestrator.tools.contract import Tool
counts.BREAKER_OPEN_UNTIL.set(0)
if os.fork() == 0:  # as the cluster makes its processes
    counts.count_answer(Tool.GET_REGISTRATION, "mcp", 250)
    os._exit(0)
os.wait()
'''
for _ in range(2):
    subprocess.run([sys.executable, "-c", a_job], check=True)
from prometheus_client import CollectorRegistry, generate_latest
from signupassist.metrics.counted import Counted
registry = CollectorRegistry()
registry.register(Counted())
processes.forget_the_dead()
print(generate_latest(registry).decode())
processes.end()
"""


def test_adds_up_what_the_processes_of_the_cluster_counted_and_died() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTS_AND_DIES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    calls = 'signupassist_tool_calls_total{outcome="ok",source="mcp",tool="get_registration"} 2.0'
    took = 'signupassist_tool_call_seconds_sum{source="mcp",tool="get_registration"} 0.5'
    assert calls in done.stdout
    assert took in done.stdout
    assert "signupassist_mcp_breakers" not in done.stdout, "they died"


STARTS = """
import sys
import django
django.setup()
from django.conf import settings
from signupassist import worker
from signupassist.supervisor import Child
settings.WORKER_METRICS_PORT = int(sys.argv.pop())
cluster = '''
import os, signal
print("in files" if "PROMETHEUS_MULTIPROC_DIR" in os.environ else "in memory", flush=True)
os.kill(os.getppid(), signal.SIGTERM)
'''
worker.child = lambda: Child("worker", [sys.executable, "-c", cluster])
sys.exit(worker.main())
"""


@pytest.mark.parametrize(("has_port", "counts"), [(True, "in files"), (False, "in memory")])
def test_has_its_cluster_count_in_files_only_where_somebody_can_ask(
    has_port: bool, counts: str, tmp_path: Path
) -> None:
    port = free_port() if has_port else 0
    done = subprocess.run(
        [sys.executable, "-c", STARTS, str(port)],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == counts
    assert list(tmp_path.iterdir()) == []
