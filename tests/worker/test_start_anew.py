"""A worker whose processes are killed…"""

import sys
from functools import partial
from pathlib import Path

import pytest
from django_q.tasks import async_task

from tests.worker import cluster, deeds

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.once,
]


def test_works_again_after_each_of_them_was_killed(tmp_path: Path) -> None:
    with cluster.running(tmp_path, PATIENCE_SECONDS="12") as worker:
        worker.wait_until_idle()
        for kill in (kill_the_main_process, kill_the_sentinel, kill_the_idle_ones):
            before = set(worker.named("qcluster"))
            kill(worker)
            takes_a_task(worker, tmp_path / kill.__name__)
            gone = partial(leaves_none_of, worker, before)
            worker.wait_for(gone, "the end of the others")
            worker.wait_until_idle()
        assert "tasks are waiting and the worker takes none" in worker.log
        assert worker.stop_every_process() == 0
        assert worker.everything() == set()


def leaves_none_of(worker: cluster.Worker, before: set[int]) -> bool:
    return before.isdisjoint(worker.everything())


def kill_the_main_process(worker: cluster.Worker) -> None:
    worker.kill(worker.named("qcluster MainProcess")[0])


def kill_the_sentinel(worker: cluster.Worker) -> None:
    main, sentinel, *_ = worker.named("qcluster MainProcess")
    assert main < sentinel
    worker.kill(sentinel)


def kill_the_idle_ones(worker: cluster.Worker) -> None:
    """Kill the holder of the queue's lock among them: nobody gets a task from this queue again."""
    worker.kill(*worker.named(" idle"))


def takes_a_task(worker: cluster.Worker, trace: Path) -> None:
    for _ in range(3):  # a cluster that stands still swallows two
        async_task(deeds.add_a_line, str(trace))
    worker.wait_for(trace.exists, "the task")
