"""`python -m tests.worker.run`: the worker as in production, but sooner out of patience."""

import os
import sys
from datetime import timedelta

import django

from signupassist import worker

if __name__ == "__main__":
    django.setup()
    from signupassist import queue_watch  # it needs the models

    queue_watch.PATIENCE = timedelta(seconds=float(os.environ["PATIENCE_SECONDS"]))
    worker.LOOK_SECONDS = 1.0
    sys.exit(worker.main())
