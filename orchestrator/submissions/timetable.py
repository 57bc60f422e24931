"""When an unclear registration is looked at again, and when looking has gone on for long enough.

Pure rules over moments; every span counts from when the registration was first sent.
"""

from datetime import datetime, timedelta

SOON = timedelta(seconds=50)  # what could not be done now is tried in the run after, a minute on
LATER = timedelta(minutes=10)  # what somebody has to mend first
FIRST_CHECK = timedelta(seconds=60)  # our own deadline of a call has passed by then
SENT_AGAIN = (FIRST_CHECK, timedelta(minutes=10), timedelta(hours=6))
BETWEEN_SENDS = timedelta(minutes=5)  # where several are overdue
LOOKED_UP = (FIRST_CHECK, timedelta(minutes=5))
LOOKED_UP_EVERY = timedelta(minutes=10)
SETTLED_BY = timedelta(minutes=10)  # no provider books later than this after it was asked
ENOUGH_LOOKUPS = 3
GIVEN_UP_AFTER = timedelta(hours=24)


def is_given_up(sent_at: datetime, at: datetime) -> bool:
    """Return whether it is a person's turn to find out."""
    return at >= sent_at + GIVEN_UP_AFTER


def is_resend_due(sent_at: datetime, attempts: int, at: datetime) -> bool:
    """Return whether the same key may be sent once more by now; `attempts` counts the first, too."""
    return attempts <= len(SENT_AGAIN) and at >= sent_at + SENT_AGAIN[attempts - 1]


def next_resend(sent_at: datetime, attempts: int, at: datetime) -> datetime:
    """Return when the same key may be sent again, or when it is given up."""
    the_end = sent_at + GIVEN_UP_AFTER
    if attempts > len(SENT_AGAIN):
        return the_end
    return min(max(sent_at + SENT_AGAIN[attempts - 1], at + BETWEEN_SENDS), the_end)


def next_lookup(sent_at: datetime, at: datetime) -> datetime:
    """Return when the provider is asked again, or when it is given up."""
    for slot in LOOKED_UP:
        if sent_at + slot > at:
            return sent_at + slot
    rounds = (at - sent_at) // LOOKED_UP_EVERY + 1
    return min(sent_at + rounds * LOOKED_UP_EVERY, sent_at + GIVEN_UP_AFTER)


def is_certainly_absent(sent_at: datetime, lookups: int, at: datetime) -> bool:
    """Return whether a provider that knew nothing so often, and now again, will never book it."""
    return lookups >= ENOUGH_LOOKUPS and at >= sent_at + SETTLED_BY
