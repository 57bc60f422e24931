"""`python -m signupassist.worker`: runs django-q2's cluster, anew whenever it ends or stands still."""

import argparse
import logging
import os
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError
from django.db import connections
from django.utils import timezone

from audit import acting
from signupassist.metrics import processes
from signupassist.supervisor import Child, Supervisor

MANAGE = Path(__file__).resolve().parent.parent / "manage.py"
LOOK_SECONDS = 15.0  # sooner than the cluster looks at its schedules: a broken one is found before

log = logging.getLogger("signupassist.worker")  # not "__main__"


def main() -> int:
    """Return the exit code: 0 after a requested stop, 1 when the start failed or nothing would run."""
    argparse.ArgumentParser(
        prog="python -m signupassist.worker", description="Run the worker until Ctrl-C or SIGTERM."
    ).parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "signupassist.settings")
    try:
        django.setup()
        if settings.WORKER_METRICS_PORT:
            _show_metrics(settings.WORKER_METRICS_PORT)
        cluster = child()
        supervisor = Supervisor([cluster])
        threading.Thread(target=look_after, args=[cluster], daemon=True).start()
        return supervisor.run()
    except ImproperlyConfigured as error:
        print(f"The worker cannot start: {error}", file=sys.stderr)
        return 1
    finally:
        processes.end()


def _show_metrics(port: int) -> None:
    """Let the cluster's processes count together, and Prometheus ask; this one counts nothing."""
    from signupassist.metrics import worker_door  # it needs the models

    if trouble := processes.begin():
        log.error("%s", trouble)
    worker_door.open_at(port)


def child() -> Child:
    """Return the cluster as a process to be kept running."""
    return Child("worker", [sys.executable, str(MANAGE), "qcluster"])


@acting.as_jobs()
def look_after(cluster: Child) -> None:
    """Mend broken schedules, and have the cluster started anew when it stands still; for ever."""
    from sessions_store import schedules
    from signupassist.queue_watch import QueueWatch, is_working

    watch = QueueWatch(timezone.now())
    while True:
        time.sleep(LOOK_SECONDS)
        process = cluster.process
        if process is None:
            continue
        up_for = timedelta(seconds=time.monotonic() - cluster.started_at)
        try:
            schedules.mend()
            reason = watch.trouble(
                is_working=is_working(process.pid), up_for=up_for, at=timezone.now()
            )
        except AnyDatabaseError as error:
            log.warning("the queue cannot be looked at: %s", type(error).__name__)
            continue
        finally:
            connections.close_all()
        if reason:
            log.error("%s: the worker is started anew", reason)
            cluster.restart_asked = True


if __name__ == "__main__":
    sys.exit(main())
