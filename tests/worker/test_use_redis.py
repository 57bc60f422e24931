"""A worker whose queue is in Redis…"""

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf
from django_q.models import Schedule, Success
from django_q.scheduler import scheduler
from django_q.tasks import async_task
from pytest_django import Settings

from sessions_store import jobs, schedules
from sessions_store.models import JobRun
from sessions_store.tasks import beat
from tests import requirements_of_machine
from tests.servers.redis_server import RedisServer
from tests.worker import cluster, deeds
from tests.worker.settings import Q_CLUSTER

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.once,
]


@pytest.fixture
def server(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RedisServer]:
    """A real Redis, which the product uses as its queue."""
    requirements_of_machine.need("redis")
    running = RedisServer(tmp_path)
    running.start()
    settings.REDIS_URL = running.url
    monkeypatch.setattr(Conf, "REDIS", running.url)
    yield running
    running.kill()


@pytest.fixture
def broker(server: RedisServer) -> Iterator[Redis]:
    """The queue as the product's own processes reach it."""
    queue = Redis()
    yield queue
    queue.connection.close()


def outcomes(job: str) -> list[str]:
    return list(JobRun.objects.filter(job=job).order_by("pk").values_list("outcome", flat=True))


def test_takes_tasks_and_schedules_and_outlives_a_redis_that_does_not(
    tmp_path: Path, server: RedisServer, broker: Redis, client: Client
) -> None:
    Schedule.objects.update(next_run=timezone.now())
    ring(broker)
    assert told(client)["queue"]["waiting"] == len(schedules.timetable())
    async_task(deeds.die_once, str(tmp_path / "marker"), broker=broker)

    with cluster.running(tmp_path, REDIS_URL=server.url) as worker:
        worker.wait_for(lambda: "done" in outcomes("beat"), "a beat")
        worker.wait_for(Success.objects.filter(group="beat").exists, "its result")
        worker.wait_for(lambda: "running" in outcomes("dies once"), "a death")
        worker.wait_for(lambda: told(client)["queue"]["waiting"] == 0, "an empty queue")
        assert told(client)["state"] == "ok"

        server.kill()
        assert told(client)["queue"] is None
        server.start()
        Schedule.objects.update(next_run=timezone.now())
        ring(broker)
        worker.wait_for(lambda: outcomes("beat").count("done") == 2, "a beat after the fall")

        a_killed_task_was_lost_and_noticed(worker)
        assert worker.stop() == 0


def ring(broker: Redis) -> None:
    """Look at the schedules as the cluster does every half minute."""
    scheduler(broker=broker)


def told(client: Client) -> Any:
    return client.get("/readyz").json()["checks"]["worker"]


def a_killed_task_was_lost_and_noticed(worker: cluster.Worker) -> None:
    """At most once: what Redis has handed out it does not hand out again; the next ring has to."""
    (died,) = JobRun.objects.filter(job="dies once")
    retry = timedelta(seconds=Q_CLUSTER["retry"])
    worker.wait_for(lambda: timezone.now() - died.started_at > retry, "the time of a retry")

    jobs.note_deaths("dies once", at=died.started_at + jobs.patience())
    assert outcomes("dies once") == ["died"]


def test_readyz_does_not_wait_for_a_redis_that_does_not_answer(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://user:canary@127.0.0.1:1/0"
    beat()

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["worker"]["queue"] is None
    assert "canary" not in answer.text + caplog.text


@pytest.mark.parametrize("wrong", [redis.TimeoutError, redis.ResponseError])
def test_readyz_survives_whatever_redis_says(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, wrong: type[Exception]
) -> None:
    def refuse(*_: Any) -> Any:
        raise wrong("canary")

    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(redis.Redis, "llen", refuse)

    assert client.get("/readyz").json()["checks"]["worker"]["queue"] is None
