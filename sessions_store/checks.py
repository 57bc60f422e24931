"""What `manage.py check` says of the background jobs."""

from collections.abc import Sequence
from typing import Any

from croniter import croniter
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  Django's own names
from django.utils.module_loading import import_string

from sessions_store import schedules


def check_timetable(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Return an error for each planned job that could not run."""
    found: list[CheckMessage] = []
    for entry in schedules.timetable().values():
        if not croniter.is_valid(entry.cron):
            found.append(
                Error(f"{entry.name}: {entry.cron!r} is no time.", id="sessions_store.E001")
            )
        try:
            import_string(entry.func)
        except ImportError as error:
            found.append(Error(f"{entry.name}: {error}", id="sessions_store.E002"))
    queue = settings.Q_CLUSTER
    if not queue["timeout"] < queue["retry"]:
        found.append(
            Error(
                "Q_CLUSTER: a task must time out before it is handed out again.",
                hint="Keep timeout below retry.",
                id="sessions_store.E003",
            )
        )
    return found


def check_schedules(
    app_configs: Any, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Return a warning for each row of the schedules that would stop all the others."""
    return [
        Warning(
            f"The schedule {schedule.name!r} is broken: {reason}.",
            hint="The worker gives it its usual times, or sets it aside if it does not know it.",
            id="sessions_store.W001",
        )
        for using in databases or ()
        if schedules.has_table(using)  # not yet, when `migrate` asks before its work
        for schedule, reason in schedules.broken(using)
    ]
