"""The timetable of the background jobs, and its place in django-q2's table of schedules.

One row that django-q2 cannot work out stops all of them: its look at the table is one transaction. So
the rows are looked over from outside, and a broken one is mended, or set aside when it is not ours.
"""

import ast
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from croniter import croniter
from django.db import connections, router
from django.utils import timezone

if TYPE_CHECKING:
    from django_q.models import Schedule

logger = logging.getLogger(__name__)

CLEANUP = "cleanup_sessions"
BEAT = "beat"


@dataclass(frozen=True)
class Entry:
    """A job and when it is due: minute, hour, day, month and weekday, in UTC."""

    name: str
    func: str
    cron: str


_timetable: dict[str, Entry] = {}


def plan(entry: Entry) -> None:
    """Put a job on the timetable; `migrate` makes its schedule."""
    _timetable[entry.name] = entry


def timetable() -> dict[str, Entry]:
    """Return the planned jobs by name."""
    return dict(_timetable)


plan(Entry(CLEANUP, "sessions_store.tasks.forget_expired_sessions", "0 2 * * *"))
plan(Entry(BEAT, "sessions_store.tasks.beat", "* * * * *"))


def ensure(using: str = "default", **_: Any) -> None:
    """Make sure that every planned job has a schedule; one that exists stays as an operator left it.

    Runs after every `migrate`. The next run is named here: only the model's own `save()` would work it
    out, and a row made in any other way would fire at once.
    """
    if not has_table(using):
        return  # only some apps have been migrated yet
    from django_q.models import Schedule  # not before the apps are loaded

    mend(using=using)
    there = set(Schedule.objects.using(using).values_list("name", flat=True))
    for entry in _timetable.values():
        if entry.name not in there:
            Schedule.objects.using(using).create(name=entry.name, repeats=-1, **_times(entry))


def next_time(cron: str, after: datetime) -> datetime:
    """Return when this is due next, by the clock of Greenwich."""
    found: datetime = croniter(cron, after.astimezone(UTC)).get_next(datetime)
    return found


def broken(using: str = "default") -> "Iterator[tuple[Schedule, str]]":
    """Yield the schedules that would stop the others, or never run, each with the reason."""
    from django_q.models import Schedule

    for schedule in Schedule.objects.using(using).exclude(repeats=0):
        if reason := _flaw(schedule):
            yield schedule, reason


def mend(using: str = "default") -> list[str]:
    """Give our own broken schedules their usual times, set strange ones aside; return their names.

    Set aside is one with `repeats` 0: django-q2 does not look at it.
    """
    from django_q.models import Schedule

    mended = []
    for schedule, reason in broken(using):
        row = Schedule.objects.using(using).filter(pk=schedule.pk)
        if entry := _timetable.get(schedule.name or ""):
            row.update(args=None, kwargs=None, **_times(entry))
            remedy = "it has its usual times again"
        else:
            row.update(repeats=0)
            remedy = "it was set aside"
        logger.error("The schedule %r is broken (%s): %s", schedule.name, reason, remedy)
        mended.append(schedule.name or str(schedule.pk))
    return mended


def _times(entry: Entry) -> dict[str, Any]:
    from django_q.models import Schedule

    return {
        "func": entry.func,
        "schedule_type": Schedule.CRON,
        "cron": entry.cron,
        "next_run": next_time(entry.cron, timezone.now()),
    }


def _flaw(schedule: "Schedule") -> str | None:
    """Return why django-q2 cannot work with this row, found out in the ways in which it would."""
    if schedule.next_run is None:
        return "it has no next run"
    try:
        if schedule.schedule_type != schedule.ONCE:
            schedule.calculate_next_run(timezone.now())
    except Exception as error:  # noqa: BLE001  whatever it raises would stop every schedule
        return f"its times cannot be worked out: {type(error).__name__}"
    try:
        ast.literal_eval(schedule.args or "()")
        _read_keywords(schedule.kwargs or "{}").get("q_options", {}).get("group")
    except Exception as error:  # noqa: BLE001  as above
        return f"its arguments cannot be read: {type(error).__name__}"
    return None


def _read_keywords(text: str) -> Any:
    """Return keyword arguments written as a dict, or nothing where they are written as in a call."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        try:
            calls: Any = ast.parse(f"f({text})").body[0]
            return {one.arg: ast.literal_eval(one.value) for one in calls.value.keywords}
        except (SyntaxError, ValueError):
            return {}


def has_table(using: str) -> bool:
    """Return whether this database has the schedules, and has them yet."""
    from django_q.models import Schedule

    return bool(
        router.allow_migrate_model(using, Schedule)
        and Schedule._meta.db_table in connections[using].introspection.table_names()
    )
