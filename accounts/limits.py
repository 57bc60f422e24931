"""How many requests a minute allows one person or one address: over all processes together.

A process takes a handful of requests at a time from what all share (the database, or Redis where
there is one) and spends them from memory, so that most requests cost no statement. It is never more
than the limit; what a process took and did not spend is lost when the minute ends.
"""

import hashlib
import logging
import threading
from collections import Counter
from datetime import datetime

from django.conf import settings
from django.core.cache import cache

from accounts import statements

logger = logging.getLogger(__name__)

MINUTE = 60  # seconds
HANDFUL = 20  # as many handfuls make a limit
KEPT_MINUTES = 10


class _Minute:
    """What this process took from the limits of one minute and has not spent yet."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.left: Counter[str] = Counter()
        self.spent: set[str] = set()  # there is no more, for anybody


_lock = threading.Lock()
_now = _Minute(0)


def seconds_to_wait(limit: str, who: str, *, at: datetime) -> int:
    """Return 0 if they may ask for something now (it counts), else when they may again.

    `limit` is a name in REQUEST_LIMITS; one that is not there does not bind.
    """
    amount = settings.REQUEST_LIMITS.get(limit)
    if amount is None:
        return 0
    number, second = divmod(int(at.timestamp()), MINUTE)
    key = hashlib.sha256(f"{limit} {who}".encode()).hexdigest()
    minute = _minute(number)
    if _spend(minute, key) or _take_and_spend(minute, key, amount):
        return 0
    return MINUTE - second


def start_anew() -> None:
    """Forget what this process took, as if it had just been started."""
    global _now
    with _lock:
        _now = _Minute(0)


def _minute(number: int) -> _Minute:
    global _now
    with _lock:
        if has_begun := _now.number != number:
            _now = _Minute(number)
        minute = _now
    if has_begun and not settings.REDIS_URL:
        statements.forget_requests(before=number - KEPT_MINUTES)
    return minute


def _spend(minute: _Minute, key: str) -> bool:
    with _lock:
        if minute.left[key] <= 0:
            return False
        minute.left[key] -= 1
        return True


def _take_and_spend(minute: _Minute, key: str, amount: int) -> bool:
    if key in minute.spent:
        return False
    granted = _take(minute.number, key, wanted=max(1, amount // HANDFUL), limit=amount)
    with _lock:
        if granted == 0:
            minute.spent.add(key)
            return False
        minute.left[key] += granted - 1
        return True


def _take(minute: int, key: str, *, wanted: int, limit: int) -> int:
    if not settings.REDIS_URL:
        return statements.take_requests(key=key, minute=minute, wanted=wanted, limit=limit)
    from redis.exceptions import RedisError  # half a hundred modules, where they are needed

    name = f"requests:{minute}:{key}"
    try:
        cache.add(name, 0, 2 * MINUTE)
        taken = cache.incr(name, wanted)
    except (RedisError, ValueError) as error:  # ValueError: pushed out a moment ago
        # nobody is locked out because a counter is away
        logger.warning("Requests are not counted: %s", type(error).__name__)
        return wanted
    return max(0, wanted - max(0, taken - limit))
