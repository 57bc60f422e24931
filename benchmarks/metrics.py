"""What the metrics cost a request: the same requests with and without, both in one run.

    python -m benchmarks.metrics [--requests N] [--runs N]

sends `/healthz` through two stacks of middleware, in turns of random order: the product's, and the
product's without the metrics. The counts go to files that processes share, as under gunicorn. Prints
the medians in processor time, so that whoever else uses the machine counts for little, the difference,
and what it adds to a request of the API (`/api/v1/me` of nobody, which is refused); ends with 1 where
the metrics cost more than 0.1 ms a request.
"""

import argparse
import logging
import os
import random
import sys
import time
from collections.abc import Callable
from statistics import median

from django.http.response import HttpResponseBase

MOST_MICROSECONDS = 100.0


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(description="What the metrics cost a request.")
    parser.add_argument("--requests", type=int, default=200, help="in a run")
    parser.add_argument("--runs", type=int, default=40, help="of each side")
    options = parser.parse_args()

    from signupassist.metrics import processes

    processes.begin()  # before anything counts
    try:
        return _measure(options.requests, options.runs)
    finally:
        processes.end()


def _measure(requests: int, runs: int) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    logging.disable()
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    metered = "signupassist.metrics.requests.RequestMetricsMiddleware"
    others = [name for name in settings.MIDDLEWARE if name != metered]
    assert len(others) == len(settings.MIDDLEWARE) - 1
    with_metrics = WSGIHandler()
    with override_settings(MIDDLEWARE=others):
        without = WSGIHandler()
    sides = {
        "with": _sender(with_metrics, "/healthz"),
        "without": _sender(without, "/healthz"),
        "api": _sender(without, "/api/v1/me"),
    }
    microseconds: dict[str, list[float]] = {name: [] for name in sides}
    for run in range(runs + 2):
        for name in random.sample(list(sides), len(sides)):
            start = time.process_time()
            for _ in range(requests):
                sides[name]()
            if run >= 2:  # the first warm up
                microseconds[name].append((time.process_time() - start) / requests * 1e6)
    found = {name: median(values) for name, values in microseconds.items()}
    cost = found["with"] - found["without"]
    print(f"/healthz without metrics   {found['without']:7.1f} µs")
    print(f"/healthz with metrics      {found['with']:7.1f} µs")
    print(f"the metrics                {cost:7.1f} µs a request")
    print(f"a refused API request      {found['api']:7.1f} µs")
    print(f"with them it takes         {1 + cost / found['api']:7.3f} times as long")
    return 1 if cost > MOST_MICROSECONDS else 0


def _sender(application: Callable[..., HttpResponseBase], path: str) -> Callable[[], None]:
    from django.test import RequestFactory

    environ = RequestFactory().get(path).environ

    def send() -> None:
        application(dict(environ), lambda *_: None).close()

    return send


if __name__ == "__main__":
    sys.exit(main())
