"""What gunicorn does besides serving; it reads this from the folder that it is started in.

How many processes and threads serve is said on the command line (`Procfile`, `signupassist.serve`).
"""

from typing import Any

from signupassist.metrics import processes

logger_class = "signupassist.gunicorn_logs.Logger"

_trouble = processes.begin()  # before the product is loaded, and before there is a log


def on_starting(server: Any) -> None:
    """Say what was in the way of counting."""
    if _trouble:
        server.log.error("%s", _trouble)


def post_fork(server: Any, worker: Any) -> None:
    """Let a process have room for its counts before it serves."""
    if trouble := processes.reserve():
        server.log.error("%s", trouble)


def child_exit(server: Any, worker: Any) -> None:
    """Let a process that ended stand for nothing any more, and keep no more room than it used."""
    processes.forget(worker.pid)


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    processes.end()
