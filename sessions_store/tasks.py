"""What the worker does for sessions, and for itself."""

from datetime import timedelta

from django.utils import timezone

from sessions_store import forgetting, schedules
from sessions_store.jobs import job


@job(schedules.CLEANUP, rest=timedelta(hours=6))
def forget_expired_sessions() -> str:
    """Delete expired sessions; when time runs out, queue another run. Return a line for the log.

    May ring twice, late or never: each run is bounded, and what it leaves is due again.
    """
    from django_q.tasks import async_task

    done = forgetting.forget_expired(at=timezone.now())
    if not done.is_complete:
        async_task("sessions_store.tasks.forget_expired_sessions")
    return f"{done.deleted} deleted, {done.remaining} left"


@job(schedules.BEAT, rest=timedelta(minutes=5))
def beat() -> str:
    """Show by having run that schedules ring and tasks are taken; look after the timetable."""
    mended = schedules.mend()
    return f"mended: {', '.join(mended)}" if mended else "alive"
