"""`GET /metrics`, for a Prometheus server that knows the token."""

import hmac
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from time import monotonic

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily

from orchestrator.tools.counts import BREAKER_OPEN_UNTIL
from signupassist.metrics import processes, state

NO_STORE = {"Cache-Control": "no-store"}


class Everything:
    """What one scrape gets."""

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted, and how things stand."""
        for metric in processes.collect():
            is_breaker = metric.name == BREAKER_OPEN_UNTIL._name
            yield breakers(metric, at=monotonic()) if is_breaker else metric
        yield from state.within(state.SECONDS, timezone.now())


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics as text, for those who may see them."""
    if not settings.METRICS_TOKEN and not _is_developer(request):
        return HttpResponse("There is nothing here.\n", status=404, content_type="text/plain")
    if settings.METRICS_TOKEN and not _has_token(request):
        challenge = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse(
            "Send METRICS_TOKEN as a Bearer token.\n",
            status=401,
            content_type="text/plain",
            headers=challenge | NO_STORE,
        )
    registry = CollectorRegistry()
    registry.register(Everything())
    return HttpResponse(
        generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers=NO_STORE
    )


def breakers(metric: Metric, *, at: float) -> Metric:
    """Return how many web processes' breakers are in each state at this moment.

    A breaker half opens by the clock, when nobody is there to count it: so each process says until
    when its own is open.
    """
    states = Counter(_state(sample.value, at) for sample in metric.samples)
    shown = GaugeMetricFamily(
        "signupassist_mcp_breakers",
        "Web processes, by how their circuit breaker of the tool server stands.",
        labels=["state"],
    )
    for name in ("closed", "open", "half_open"):
        shown.add_metric([name], states[name])
    return shown


def _state(open_until: float, at: float) -> str:
    if not open_until:
        return "closed"
    return "open" if at < open_until else "half_open"


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    is_same = hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return scheme.lower() == "bearer" and is_same


def _is_developer(request: HttpRequest) -> bool:
    """Return whether this is a development server, and asked from its own machine."""
    try:
        return settings.DEBUG and ip_address(request.META["REMOTE_ADDR"]).is_loopback
    except ValueError:
        return False
