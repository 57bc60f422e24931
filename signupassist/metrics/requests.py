"""Requests, by method, route and kind of answer. Routes have few names; paths are endless."""

import time
from collections.abc import Callable
from functools import cache
from http import HTTPMethod

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

GetResponse = Callable[[HttpRequest], HttpResponse]

METHODS = frozenset(HTTPMethod)
PROBES = {"/healthz": "healthz", "/readyz": "readyz", "/metrics": "metrics"}
NO_ROUTE = "none"

REQUESTS = Counter(
    "signupassist_http_requests",
    "Requests, by method, name of the route, and class of the answer's status.",
    ["method", "route", "status"],
)
SECONDS = Histogram(
    "signupassist_http_request_seconds",
    "How long a request took until its answer began.",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)


class RequestMetricsMiddleware:
    """Count each request once it is answered."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        route = route_of(request)
        method = request.method if request.method in METHODS else "other"
        _counter(method, route, response.status_code // 100).inc()
        _histogram(route).observe(time.perf_counter() - start)
        return response


@cache  # they are few, and making them takes as long as counting
def _counter(method: str | None, route: str, hundreds: int) -> Counter:
    return REQUESTS.labels(method, route, f"{hundreds}xx")


@cache
def _histogram(route: str) -> Histogram:
    return SECONDS.labels(route)


def route_of(request: HttpRequest) -> str:
    """Return the name of the route that answered; the admin's many pages share one.

    What was answered before any route was found, as unknown paths are, has none.
    """
    match = request.resolver_match
    if match is not None:
        return match.namespaces[0] if match.namespaces else match.url_name or NO_ROUTE
    if request.path_info.startswith(settings.STATIC_URL):
        return "static"
    return PROBES.get(request.path_info, NO_ROUTE)
