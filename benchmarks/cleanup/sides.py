"""The sides: each deletes what is due, in its own way."""

from benchmarks.cleanup.processes import Told, peak_memory
from benchmarks.cleanup.rows import NOW

SAMPLE = 2_000  # rows for the side that takes them one by one


def delete_in_one() -> Told:
    """Delete them all in one transaction."""
    from django.db import transaction

    from sessions_store.models import AgenticCheckoutSession, SessionTurn

    due = AgenticCheckoutSession.objects.expired(NOW)
    with transaction.atomic():
        SessionTurn.objects.filter(session_id__in=due.values("pk"))._raw_delete("default")
        return {"deleted": due._raw_delete("default")}


def delete_in_batches() -> Told:
    """Delete them as the product does."""
    from sessions_store import forgetting

    total, deleted, peak = forgetting.due(at=NOW).total, 0, 0.0

    def look(gone: int) -> None:
        nonlocal deleted, peak
        deleted += gone
        if not peak and deleted >= total / 10:
            peak = peak_memory()

    done = forgetting.forget_expired(at=NOW, max_seconds=float("inf"), after_batch=look)
    return {
        "deleted": done.deleted,
        "batches": done.batches,
        "longest": done.longest,
        "peak_at_a_tenth": peak,
    }


def delete_row_by_row(rows: int) -> Told:
    """Delete some of them, each by itself."""
    from sessions_store.models import AgenticCheckoutSession

    some = AgenticCheckoutSession.objects.expired(NOW).order_by("expires_at")[: min(rows, SAMPLE)]
    for session in some.iterator():
        session.delete()
    return {"deleted": min(rows, SAMPLE)}
