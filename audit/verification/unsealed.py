"""What is not sealed yet: is all of it on the list of what is to seal, and not for too long?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from audit import stored
from audit.actions import Action
from audit.canonical import moment
from audit.sealer import HEARTBEAT
from audit.verification.flaws import MOST_KEPT, Findings, Flaw

LONGEST_WAIT = timedelta(minutes=5)


def check(findings: Findings, *, at: datetime, batch: int) -> int:
    """Return how many records wait for their seal."""
    # a seal's own record waits for company, at most until the next heartbeat
    due, own_due = moment(at - LONGEST_WAIT), moment(at - LONGEST_WAIT - HEARTBEAT)
    after, number, overdue, first = None, 0, 0, ""
    while rows := stored.waiting(after=after, size=batch):
        for _, event_id, log_index, *values in rows:
            if flaw := _flaw_of(log_index, values):
                findings.add(flaw, f"record {event_id}")
            elif values[stored.CREATED_AT] < (
                own_due if values[stored.ACTION] == Action.AUDIT_SEALED else due
            ):
                overdue, first = overdue + 1, first or event_id
        after, number = rows[-1][0], number + len(rows)
    if overdue:
        others = f", and {overdue - 1} more: each" if overdue > 1 else ""
        findings.add(Flaw.WAITS_TOO_LONG, f"record {first}{others}")
    for event_id in stored.unknown_to_the_log(MOST_KEPT):
        findings.add(Flaw.UNKNOWN_TO_THE_LOG, f"record {event_id}")
    return number


def _flaw_of(log_index: int | None, values: Sequence[Any]) -> Flaw | None:
    if values[stored.ID] is None:
        return Flaw.WAITS_FOR_NOTHING
    if log_index is not None:
        return Flaw.WAITS_SEALED
    return None if stored.is_unchanged(values) else Flaw.WAITS_CHANGED
