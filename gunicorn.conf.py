"""What gunicorn does besides serving; it reads this from the folder that it is started in.

How many processes and threads serve is said on the command line (`Procfile`, `signupassist.serve`).
"""

from typing import Any

from signupassist.metrics import processes

logger_class = "signupassist.gunicorn_logs.Logger"

processes.begin()


def post_fork(server: Any, worker: Any) -> None:
    """Let a process have room for its counts before it serves."""
    processes.reserve()


def child_exit(server: Any, worker: Any) -> None:
    """Let a process that ended stand for nothing any more."""
    processes.forget(worker.pid)


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    processes.end()
