"""What the worker does for sessions."""

from django.utils import timezone

from sessions_store import services


def forget_expired_sessions() -> str:
    """Delete expired sessions; when time runs out, queue another run. Return a line for the log.

    May ring twice, late or never: each run is bounded, and what it leaves is due again.
    """
    from django_q.tasks import async_task

    done = services.forget_expired(at=timezone.now())
    if not done.is_complete:
        async_task("sessions_store.tasks.forget_expired_sessions")
    return f"{done.deleted} deleted, {done.remaining} left"
