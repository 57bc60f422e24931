"""What is to be taken home, and reading it in batches: whatever a row holds, the others are read.

Whoever reads the stream is slow, and the sealer goes on meanwhile. So nothing is open between two
batches.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import F, Func, QuerySet, TextField
from django.db.models.functions import Substr

from audit import acting
from audit.models import MandateAudit
from audit.selectors import narrowed

BATCH = 1_000

# What a row raises that a plain INSERT has put there: numbers without end, lists in lists in lists…
UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError)

logger = logging.getLogger(__name__)

Format = Literal["csv", "jsonl"]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Wanted:
    """What is to be taken home."""

    user_id: UUID | None  # whose trail; None: the whole ledger
    format: Format
    filters: Mapping[str, Any] = field(default_factory=dict)  # see selectors.narrowed
    since_size: int | None = None  # an older checkpoint's, for a proof that the log only grew

    def rows(self) -> QuerySet[MandateAudit]:
        """Return the rows that are wanted; of some the columns may be unreadable: see `read`."""
        everything = MandateAudit.objects.all()
        own = everything if self.user_id is None else everything.filter(user_id=self.user_id)
        return narrowed(own, **self.filters)

    def places(self) -> QuerySet[MandateAudit]:
        """Return the rows with nothing but their place in the order."""
        rows = self.rows().only("id", "created_at")
        if connection.vendor == "postgresql":
            return rows
        seconds = Func(F("created_at"), function="datetime", output_field=TextField())  # or NULL
        signs = Func(F("id"), function="hex", output_field=TextField())  # an id may even be no text
        return rows.alias(signs=signs, seconds=seconds, said=Substr("created_at", 1, 19)).filter(
            signs__regex="^(3[0-9]|6[1-6]){32}$",  # 0 to 9, a to f
            seconds=F("said"),
        )

    def asking(self) -> AbstractContextManager[Any]:
        """Return as whom one batch is asked for: the stream runs on when the request is over."""
        return nullcontext() if self.user_id is None else acting.for_person(self.user_id)


def read(
    wanted: Wanted, ids: Sequence[UUID], use: Callable[[MandateAudit], Made]
) -> dict[UUID, Made]:
    """Return what is made of these rows, in this order; what nobody can read is left out and told of."""
    if not ids:
        return {}
    made = {}
    for pk in ids if (found := _in_bulk(wanted, ids)) is None else found:
        rows = found if found is not None else _in_bulk(wanted, [pk])
        try:
            made[pk] = use((rows or {})[pk])
        except UNREADABLE:
            logger.error(
                "A record is not exported, since it is none: %s. Run: manage.py verify_audit", pk
            )
    return {pk: made[pk] for pk in ids if pk in made}


def _in_bulk(wanted: Wanted, ids: Sequence[UUID]) -> dict[UUID, MandateAudit] | None:
    """Return these rows, by their ids; None, if one of them cannot be read."""
    try:
        return wanted.rows().in_bulk(ids)
    except UNREADABLE:
        return None
