"""`GET /metrics` of a web server, for a Prometheus server that knows the token."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest

from signupassist.metrics import access, state
from signupassist.metrics.counted import Counted

NO_STORE = {"Cache-Control": "no-store"}


class Standing:
    """How things stand, for a scrape."""

    def collect(self) -> Iterator[Metric]:
        """Yield what the database tells."""
        yield from state.within(state.SECONDS, timezone.now())


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics as text, for those who may see them."""
    refused = access.refusal(
        authorization=request.headers.get("Authorization", ""),
        address=request.META["REMOTE_ADDR"],
    )
    if refused is not None:
        return HttpResponse(
            access.WORDS[refused],
            status=refused,
            content_type="text/plain",
            headers=access.CHALLENGE | NO_STORE if refused == 401 else None,
        )
    registry = CollectorRegistry()
    registry.register(Counted())
    registry.register(Standing())
    return HttpResponse(
        generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers=NO_STORE
    )
