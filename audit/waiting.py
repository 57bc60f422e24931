"""What waits to be sealed: the list that the database keeps of it, and which of it can be.

Anybody who may record can put anything there with a plain INSERT. What is no record is put aside, and
keeps nobody's from being sealed.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from audit import canonical, stored
from audit.models import Leaf, MandateAudit, Pending

logger = logging.getLogger(__name__)

AHEAD = timedelta(minutes=5)  # of the sealer's clock: what is further is not sealed before its time
LOOK_AGAIN = timedelta(hours=1)  # at a record that was left out: it may have been restored

_TEXT = Cast("event_id", TextField())  # as the database has it: on SQLite it may be no id at all

Event = dict[str, Any]  # a record by its columns: its id a UUID, other ids and its moment texts


def due(most: int, at: datetime) -> list[str]:
    """Return what is to be sealed; what was left out before comes last, and not every time."""
    fresh = list(Pending.objects.filter(left_out_at=None).values_list(_TEXT, flat=True)[:most])
    again = Pending.objects.filter(left_out_at__lte=at - LOOK_AGAIN).order_by("left_out_at")
    return fresh + list(again.values_list(_TEXT, flat=True)[: most - len(fresh)])


def sound(ids: Sequence[str], at: datetime) -> list[Event]:
    """Return the records that are what was recorded, in the order of their time.

    Those that are not, or are gone, are put aside and told of; those that have a leaf wait no more, and
    those of a time to come wait for it.
    """
    done = set(Leaf.objects.filter(event_id__among=ids).values_list(_TEXT, flat=True))
    if done:
        among(done).delete()
    waiting = [one for one in ids if one not in done]
    found = [event for row in stored.recorded(waiting) if (event := stored.as_recorded(row))]
    wrong = set(map(_key, waiting)) - {_key(event["id"]) for event in found}
    for event in found:
        event["id"] = UUID(event["id"])
    latest = canonical.moment(at + AHEAD)
    events = [event for event in found if event["created_at"] <= latest]
    for early in found[len(events) :]:  # they come in the order of time, and wait until theirs
        until = datetime.fromisoformat(early["created_at"]) - AHEAD
        among([early["id"]]).update(left_out_at=until - LOOK_AGAIN)
    if wrong:
        among([one for one in waiting if _key(one) in wrong]).update(left_out_at=at)
        logger.error(
            "[audit] %d records are gone or not what was recorded, and not sealed: %s%s;"
            " run verify_audit",
            len(wrong),
            ascii(min(wrong))[1:-1][:100],
            " and others" if len(wrong) > 1 else "",
        )
    return events


def is_any_early(at: datetime) -> bool:
    """Return whether something is put aside until its time comes: the next window must hold it, too."""
    aside = Pending.objects.exclude(left_out_at=None).values("event_id")
    return MandateAudit.objects.filter(id__in=aside, created_at__gt=at + AHEAD).exists()


def among(ids: Collection[UUID | str]) -> QuerySet[Pending]:
    """Return the rows of the list with these ids."""
    return Pending.objects.filter(event_id__among=ids)


def _key(event_id: str) -> str:
    """Return an id without what the databases write differently."""
    return event_id.replace("-", "")
