"""The nightly clean-up's place in django-q2's timetable."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections, router
from django.utils import timezone

CLEANUP = "cleanup_sessions"


def ensure(using: str = "default", **_: Any) -> None:
    """Make sure the clean-up is scheduled; one that exists stays as an operator left it.

    Runs after every `migrate`. The next run is named here: only the model's own `save()` would work it
    out, and a row made in any other way would fire at once.
    """
    from django_q.models import Schedule  # not before the apps are loaded

    if not router.allow_migrate_model(using, Schedule):
        return
    if Schedule._meta.db_table not in connections[using].introspection.table_names():
        return  # only some apps have been migrated yet
    Schedule.objects.using(using).get_or_create(
        name=CLEANUP,
        defaults={
            "func": "sessions_store.tasks.forget_expired_sessions",
            "schedule_type": Schedule.CRON,
            "cron": "0 2 * * *",
            "repeats": -1,
            "next_run": next_two_o_clock(timezone.now()),
        },
    )


def next_two_o_clock(now: datetime) -> datetime:
    """Return the next 02:00 UTC."""
    today = now.astimezone(UTC).replace(hour=2, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
