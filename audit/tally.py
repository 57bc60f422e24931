"""Tallies: how many records of which kind each day brought, counted as they are sealed.

They are for pictures of the ledger, whose length no page could afford to count, and they are proof of
nothing: whoever owns the database can change them unseen. What is certain is in the log alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum

from audit import tally_gaps, turns
from audit.actions import Action
from audit.models import Checkpoint, Leaf, MandateAudit, Tally
from audit.models.metadata import readable

DAYS = 14  # that the pictures look back at most, today included
BATCH = 5_000
_ADD = """
    INSERT INTO audit_tally (day, action, provider, source, step, count)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (day, action, provider, source, step)
    DO UPDATE SET count = audit_tally.count + excluded.count
"""
_SOURCES = frozenset({"mcp", "mock", "google"})


class Step(models.TextChoices):
    """How far a signup came, in the order in which they go."""

    STARTED = "started", "Started a signup"
    PROVIDER = "provider", "Chose a provider"
    LOGIN = "login", "Chose a saved login"
    PROGRAM = "program", "Chose a program"
    CHECKS = "checks", "Met the prerequisites"
    FORM = "form", "Filled in the form"
    CONFIRMED = "confirmed", "Confirmed"
    REGISTERED = "registered", "Registered or on the waiting list"


_STEP_OF: dict[str, Step] = {
    Action.SESSION_CREATED: Step.STARTED,
    Action.ACTION_SELECT_PROVIDER: Step.PROVIDER,
    Action.ACTION_CREDENTIALS_SUBMITTED: Step.LOGIN,
    Action.ACTION_SELECT_PROGRAM: Step.PROGRAM,
    Action.ACTION_COMPLETE_PREREQS: Step.CHECKS,
    Action.ACTION_SUBMIT_FORM: Step.FORM,
    Action.ACTION_CONFIRM_REGISTRATION: Step.CONFIRMED,
    Action.REGISTRATION_COMPLETED: Step.REGISTERED,
    Action.REGISTRATION_WAITLISTED: Step.REGISTERED,
}
# A sentence stood for the button: then the record is that of a message
_STEP_OF_INTENT = {
    "select_provider": Step.PROVIDER,
    "select_program": Step.PROGRAM,
    "complete_prereqs": Step.CHECKS,
}
# What may be such a step, as the database is asked for it
_MAY_BE_STEP = Q(action__in=list(_STEP_OF)) | Q(
    action=Action.MESSAGE_SENT, metadata__intent__in=list(_STEP_OF_INTENT)
)

Event = Mapping[str, Any]  # a record, by its columns
Kind = tuple[date, str, str, str, str]


def step_of(action: str, intent: object) -> Step | None:
    """Return which step of its signup a record may tell of.

    :param intent: of a message: what it was understood to want
    """
    if action == Action.MESSAGE_SENT:
        return _STEP_OF_INTENT.get(intent) if isinstance(intent, str) else None
    return _STEP_OF.get(action)


# --- Counting ------------------------------------------------------------------------------------


def add(events: Sequence[Event]) -> None:
    """Count records that became leaves; for the transaction that made them so, and once."""
    _write(Counter(_kinds(events)))


def recount(day: date) -> int:
    """Count a day's sealed records anew, in the place of what was counted; return how many they are.

    What is sealed by now is counted while sealing goes on. Nobody seals only while the rest is, and
    takes its place: on SQLite, where nobody else writes then, that is over in a moment.
    """
    last = Checkpoint.objects.order_by("-size").first()
    size = last.size if last else 0
    counted: Counter[Kind] = Counter()
    for events in _sealed_on(day, before=size):
        counted.update(_kinds(events))
    with transaction.atomic():
        turns.wait()
        tally_gaps.close_ranks(Checkpoint.objects.order_by("-size").first())
        for events in _sealed_since(day, size):
            counted.update(_kinds(events))
        Tally.objects.filter(day=day).exclude(action__startswith=tally_gaps.NOTE).delete()
        _write(counted)
        tally_gaps.counted_again(day)
    return counted.total()


def _records(day: date) -> QuerySet[MandateAudit, Any]:
    midnight = datetime.combine(day, time(), UTC)
    rows = MandateAudit.objects.filter(
        created_at__gte=midnight, created_at__lt=midnight + timedelta(days=1)
    )
    return rows.values("id", "action", "provider", "session_id", "metadata", "created_at")


def _sealed_on(day: date, *, before: int) -> Iterator[Sequence[Event]]:
    """Yield a day's records that are leaves before this one in their order, some at a time."""
    leaf = Leaf.objects.filter(event_id=OuterRef("pk"), log_index__lt=before)
    rows = _records(day).filter(Exists(leaf)).order_by("created_at", "id")
    after = Q()
    while events := list(rows.filter(after)[:BATCH]):
        yield events
        at, event_id = events[-1]["created_at"], events[-1]["id"]
        after = Q(created_at__gte=at) & (Q(created_at__gt=at) | Q(id__gt=event_id))


def _sealed_since(day: date, size: int) -> Iterator[Sequence[Event]]:
    """Yield a day's records that are leaves from this one on, some at a time."""
    leaves = Leaf.objects.order_by("log_index").values_list("log_index", "event_id")
    while some := list(leaves.filter(log_index__gte=size)[:BATCH]):
        size = some[-1][0] + 1
        ids = [event_id for _, event_id in some if event_id]  # a seal's own leaf has none
        yield list(_records(day).filter(id__among=ids))


def _kinds(events: Iterable[Event]) -> Iterator[Kind]:
    """Yield of what kind each record is; all of them are leaves by now."""
    events = [_parsed(event) for event in events]
    signups = {event["session_id"] for event in events if _step(event)} - {None}
    steps = _first_steps({UUID(str(signup)) for signup in signups})
    for event in events:
        action = str(event["action"])[:64]
        yield (
            _day(event["created_at"]),
            action,
            str(event["provider"] or "")[:64] if action.startswith("credentials_") else "",
            _source(event) if action.startswith("tool_") else "",
            steps.get(event["id"], ""),
        )


def _parsed(event: Event) -> Event:
    """Return a record with its metadata as an object, also where the sealer read it as a text."""
    said = event["metadata"]
    return {**event, "metadata": readable(said)} if isinstance(said, str) else event


def _day(at: datetime | str) -> date:
    """Return the day in UTC of a moment, or of one as the ledger writes it."""
    return date.fromisoformat(at[:10]) if isinstance(at, str) else at.astimezone(UTC).date()


def _first_steps(session_ids: set[UUID]) -> dict[UUID, Step]:
    """Return the records with which these signups took each of their steps first, by the log's order.

    Reads what is recorded of them by the index, so it costs what a few signups are long.
    """
    if not session_ids:
        return {}
    leaf = Leaf.objects.filter(event_id=OuterRef("pk")).values("log_index")
    rows = (
        MandateAudit.objects.filter(_MAY_BE_STEP, session_id__among=session_ids)
        .annotate(log_index=Subquery(leaf))
        .values_list("session_id", "action", "metadata__intent", "log_index", "id")
    )
    first: dict[tuple[UUID | None, Step], tuple[int, UUID]] = {}
    for session_id, action, intent, log_index, event_id in rows:
        step = step_of(action, intent)
        if step is not None and log_index is not None:
            key, found = (session_id, step), (log_index, event_id)
            first[key] = min(first.get(key, found), found)
    return {event_id: step for (_, step), (_, event_id) in first.items()}


def _step(event: Event) -> Step | None:
    return step_of(event["action"], _said(event, "intent"))


def _source(event: Event) -> str:
    source = _said(event, "source")
    return source if source in _SOURCES else ""


def _said(event: Event, key: str) -> str:
    """Return a word of the metadata, or nothing: what is counted must never keep from sealing."""
    metadata = event["metadata"]
    word = metadata.get(key) if isinstance(metadata, dict) else None
    return word if isinstance(word, str) else ""


def _write(counted: Counter[Kind]) -> None:
    """Add to what was counted before; always in one order."""
    rows = [
        (connection.ops.adapt_datefield_value(day), *rest, number)
        for (day, *rest), number in sorted(counted.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)


# --- The questions of the pictures ---------------------------------------------------------------


def actions_by_day(*, since: date) -> dict[date, Counter[str]]:
    """Return how often each action was recorded, by the day."""
    found: dict[date, Counter[str]] = {}
    rows = Tally.objects.filter(day__gte=since).exclude(action__startswith=tally_gaps.NOTE)
    for day, action, number in rows.values_list("day", "action").annotate(number=Sum("count")):
        found.setdefault(day, Counter())[action] = number
    return found


def signups_by_step(*, since: date) -> dict[Step, int]:
    """Return how many signups took each step, in the order of the steps."""
    rows = Tally.objects.filter(day__gte=since).exclude(step="").values_list("step")
    taken = dict(rows.annotate(number=Sum("count")))
    return {step: taken.get(step, 0) for step in Step}


def calls_by_source(*, since: date) -> dict[str, Counter[str]]:
    """Return by the source ('' where it is not known) how many calls of tools succeeded and failed."""
    return _by("source", [Action.TOOL_SUCCEEDED, Action.TOOL_FAILED], since=since)


def openings_by_provider(*, since: date, most: int) -> dict[str, Counter[str]]:
    """Return by provider how many logins were opened, or not: those with the most, the most first."""
    openings = (
        Action.CREDENTIALS_ACCESSED,
        Action.CREDENTIALS_ACCESS_FAILED,
        Action.CREDENTIALS_ACCESS_DENIED,
    )
    return _by("provider", openings, since=since, most=most)


def _by(
    column: str, actions: Sequence[str], *, since: date, most: int | None = None
) -> dict[str, Counter[str]]:
    """Return how often each of the actions was recorded, by a column, the most first."""
    each = {action: Sum("count", filter=Q(action=action), default=0) for action in actions}
    rows = (
        Tally.objects.filter(day__gte=since, action__in=actions)
        .values(column)
        .annotate(of_all=Sum("count"), **each)
        .order_by("-of_all", column)
    )
    return {row[column]: Counter({one: row[one] for one in actions}) for row in rows[:most]}
