"""Forgetting the answers that nobody asks for again."""

import time
from datetime import datetime

from orchestrator.models import IdempotencyKey

BATCH = 500


def forget_expired(at: datetime, *, batch_size: int = BATCH, max_seconds: float = 240) -> int:
    """Delete the answers whose time is over, batch by batch, and return how many they were.

    Bounded in time: what is left is due again.
    """
    started, total = time.monotonic(), 0
    while time.monotonic() - started < max_seconds:
        expired = IdempotencyKey.objects.filter(expires_at__lte=at).order_by("expires_at")
        batch = list(expired.values_list("pk", flat=True)[:batch_size])
        total += IdempotencyKey.objects.filter(pk__in=batch, expires_at__lte=at).delete()[0]
        if len(batch) < batch_size:
            break
    return total
