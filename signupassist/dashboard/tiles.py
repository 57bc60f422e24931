"""A tile of the first page: made by itself, so that one that fails takes no other along."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db import connection, transaction
from django.urls import reverse

from audit.printing import counted
from signupassist.dashboard.charts import Bars, Columns

logger = logging.getLogger(__name__)

MILLISECONDS = 2_000  # that the database has for each question of a tile
MOST_COUNTED = 10_000
MOMENT = timedelta(seconds=2)

Tone = Literal["ok", "warn", "bad", "plain"]
LEDGER = "audit.mandateaudit"


@dataclass(frozen=True)
class Link:
    """Where to look further."""

    text: str
    href: str


@dataclass(frozen=True)
class Fact:
    """One thing that is known, and where more of it is told."""

    name: str
    value: str
    href: str | None = None
    tone: Tone = "plain"


@dataclass(frozen=True)
class Tile:
    """What one tile shows: in words how it is, then numbers or a picture, then where to look."""

    title: str
    says: str
    tone: Tone = "plain"
    facts: Sequence[Fact] = ()
    picture: Columns | Bars | None = None
    links: Sequence[Link | None] = ()
    slug: str = ""


@dataclass(frozen=True)
class Reader:
    """Whoever looks: the lists that their role does not open are not linked."""

    user: PermissionsMixin | AnonymousUser
    at: datetime

    def href(self, room: str, **query: str) -> str | None:
        """Return the address of a list, narrowed, or None where this person may not see it.

        :param room: its app and its model, as "audit.mandateaudit"
        """
        app, _, model = room.partition(".")
        if not self.user.has_perm(f"{app}.view_{model}"):
            return None
        path = reverse(f"admin:{app}_{model}_changelist")
        return f"{path}?{urlencode(query)}" if query else path

    def link(self, text: str, room: str, **query: str) -> Link | None:
        """Return a link to a list, as `href` does."""
        href = self.href(room, **query)
        return Link(text, href) if href else None


MakeTile = Callable[[Reader], Tile]


def make(
    reader: Reader, slug: str, title: str, deed: MakeTile, *, is_database_alone: bool = True
) -> Tile:
    """Return the tile, or one that says that it could not be made.

    :param is_database_alone: whether the tile asks nothing else; one that does minds the time itself
    """
    try:
        with in_time() if is_database_alone else nullcontext():
            made = deed(reader)
    except Exception as error:  # noqa: BLE001  whatever fails in a tile, the page stands
        logger.error("The tile %s cannot be made: %s", slug, type(error).__name__)
        return Tile(title, "Not available right now. The log says why.", "warn", slug=slug)
    return Tile(title, made.says, made.tone, made.facts, made.picture, _seen(made.links), slug)


def _seen(links: Iterable[Link | None]) -> list[Link]:
    return [link for link in links if link]


@contextmanager
def in_time() -> Iterator[None]:
    """Give up a question to the database that takes too long.

    SQLite knows no such limit, and its transactions would wait for whoever writes.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {MILLISECONDS}")
        yield


# --- In words ------------------------------------------------------------------------------------


def capped(number: int) -> str:
    """Return a number as it is read; beyond the cap nobody counted."""
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"


def ago(moment: datetime, at: datetime) -> str:
    """Return "3 minutes ago"."""
    past = at - moment
    return "just now" if past < MOMENT else f"{lasting(past)} ago"


def lasting(time: timedelta) -> str:
    """Return "3 minutes", "2 hours": in the largest unit of which there are two, or one exactly."""
    if time < MOMENT:
        return "a moment"
    seconds = int(time.total_seconds())
    for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length or seconds == length:
            return counted(seconds // length, name)
    return counted(seconds, "second")
