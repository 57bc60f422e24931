"""What the processes of one server, or of one worker, counted, as it is shown."""

from collections import Counter
from collections.abc import Iterator
from time import monotonic

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from orchestrator.tools.counts import BREAKER_OPEN_UNTIL
from signupassist.metrics import processes


class Counted:
    """All that was counted here, for a scrape."""

    def collect(self) -> Iterator[Metric]:
        """Yield each metric, of all processes together."""
        for metric in processes.collect():
            is_breaker = metric.name == BREAKER_OPEN_UNTIL._name
            yield breakers(metric, at=monotonic()) if is_breaker else metric


def breakers(metric: Metric, *, at: float) -> Metric:
    """Return how many processes' breakers are in each state at this moment.

    A breaker half opens by the clock, when nobody is there to count it: so each process says until
    when its own is open.
    """
    states = Counter(_state(sample.value, at) for sample in metric.samples)
    shown = GaugeMetricFamily(
        "signupassist_mcp_breakers",
        "Processes, by how their circuit breaker of the tool server stands.",
        labels=["state"],
    )
    for name in ("closed", "open", "half_open"):
        shown.add_metric([name], states[name])
    return shown


def _state(open_until: float, at: float) -> str:
    if not open_until:
        return "closed"
    return "open" if at < open_until else "half_open"
