"""What the map answered a moment ago, for whoever asks the same: never by person.

The key is a digest of the question alone, which holds no position but a rounded one. Minutes, not
more: Google lets nobody keep its content.
"""

import json
import logging

from django.conf import settings
from django.core.cache import cache
from django.db import Error as AnyDatabaseError

from orchestrator.places.answers import Spot, from_json, to_json
from orchestrator.places.question import Question

logger = logging.getLogger(__name__)

SECONDS = 10 * 60
SECONDS_OF_NOTHING = 60  # a place may have been added, or the words were odd


def kept(question: Question) -> list[Spot] | None:
    """Return what the question was answered with, or None where that is not known."""
    try:
        found = cache.get(_name(question))
        return None if found is None else from_json(json.loads(found))
    except _away() as error:
        logger.warning("Places are not cached: %s", type(error).__name__)
    except (ValueError, TypeError, IndexError):
        logger.warning("A cached answer cannot be read")
    return None


def keep(question: Question, spots: list[Spot]) -> None:
    """Keep an answer for a while, if the cache is there."""
    try:
        timeout = SECONDS if spots else SECONDS_OF_NOTHING
        cache.set(_name(question), json.dumps(to_json(spots)), timeout)
    except _away() as error:
        logger.warning("Places are not cached: %s", type(error).__name__)


def _name(question: Question) -> str:
    return f"places:{question.digest('cache', secret=settings.SECRET_KEY)}"


def _away() -> tuple[type[Exception], ...]:
    """Return what the cache raises while it is away."""
    if not settings.REDIS_URL:
        return AnyDatabaseError, OSError
    from redis.exceptions import RedisError  # half a hundred modules, where they are needed

    return RedisError, AnyDatabaseError, OSError
