"""Of which days the tallies are complete: a gap is known, wherever it lies, until it is counted again.

Each seal that is counted notes how many records the log held then. Where the next one finds the log
further on, somebody sealed without counting: a release before the tallies, or after a rollback. The
notes are rows among the tallies, under names that no action has.
"""

from datetime import UTC, date, datetime, timedelta

from audit.models import Checkpoint, Tally

NOTE = "."  # how their names begin
_THROUGH, _GAP = ".through", ".gap"
_WINDOW = timedelta(days=13)  # and today: a gap before that, no picture shows


def went_on(last: Checkpoint | None, total: int, at: datetime) -> None:
    """Note that a seal was counted; for its transaction.

    :param last: the seal before it
    :param total: how many records the log holds with it
    """
    close_ranks(last)
    _note_through(total, at)


def close_ranks(last: Checkpoint | None) -> None:
    """Remember the days on which somebody sealed without counting, up to this seal, if any did."""
    through = _through()
    if last is None or _goes_on(through, last):
        return
    end = _day(last.sealed_at)
    start = max(through.day, end - _WINDOW) if through else end - _WINDOW
    days = (start + timedelta(days=ahead) for ahead in range((end - start).days + 1))
    Tally.objects.bulk_create(
        [Tally(day=day, action=_GAP, count=1) for day in days], ignore_conflicts=True
    )
    _note_through(last.events_total, last.sealed_at)


def counted_again(day: date) -> None:
    """Note that nothing is missing of a day any more."""
    Tally.objects.filter(day=day, action=_GAP).delete()


def are_there(*, since: date) -> bool:
    """Return whether something that is sealed was not counted, on one of these days or just now."""
    if Tally.objects.filter(day__gte=since, action=_GAP).exists():
        return True
    last = Checkpoint.objects.order_by("-size").first()
    return bool(last and last.events_total and not _goes_on(_through(), last))


def _through() -> Tally | None:
    return Tally.objects.filter(action=_THROUGH).first()


def _goes_on(through: Tally | None, last: Checkpoint) -> bool:
    return (through.count - 1 if through else 0) == last.events_total


def _note_through(total: int, at: datetime) -> None:
    Tally.objects.filter(action=_THROUGH).delete()
    Tally.objects.create(day=_day(at), action=_THROUGH, count=total + 1)  # a row counts something


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
