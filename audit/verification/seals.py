"""Reading checkpoints, also those whose times cannot be read: SQLite takes any text for a time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet

from audit.models import Checkpoint

# No seal's leaf says it, so that of such a checkpoint is not what it was; nor is a record after it.
NO_TIME = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)

_BEFORE_ALL = -(2**63)
_NO_DATE = (AttributeError, TypeError, ValueError)  # Django's, if it does not take a text for none


def in_order(batch: int) -> Iterator[Checkpoint]:
    """Yield all of them; one whose times cannot be read has `NO_TIME`."""
    after = _BEFORE_ALL
    while some := _read(Checkpoint.objects.filter(size__gt=after).order_by("size")[:batch]):
        yield from some
        after = some[-1].size


def newest() -> Checkpoint | None:
    """Return the last of them, likewise; None, if nothing is sealed yet."""
    return next(iter(_read(Checkpoint.objects.order_by("-size")[:1])), None)


def _read(wanted: QuerySet[Checkpoint]) -> list[Checkpoint]:
    try:
        found = list(wanted)
    except _NO_DATE:
        found = [_one(size) for size in wanted.values_list("size", flat=True)]
    for one in found:
        one.sealed_at = one.sealed_at or NO_TIME
    return found


def _one(size: int) -> Checkpoint:
    try:
        return Checkpoint.objects.get(size=size)
    except _NO_DATE:
        found = Checkpoint.objects.defer("sealed_at", "since").get(size=size)
        found.sealed_at, found.since = NO_TIME, None
        return found
