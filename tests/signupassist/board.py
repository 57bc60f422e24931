"""The console's first page, as tests read it."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from audit.actions import Action, person
from audit.services import Entry, record_many
from tests.audit.conftest import needed

NOT_AVAILABLE = "Not available right now. The log says why."


def page_of(client: Client) -> str:
    """Return the page as this person gets it."""
    answer = client.get("/admin/")
    assert answer.status_code == 200
    return answer.content.decode()


def slugs(page: str) -> list[str]:
    """Return the tiles that are there."""
    return re.findall(r'class="tile tile-(\w+)', page)


def tile(page: str, slug: str) -> str:
    """Return the text of a tile, as it is read."""
    found = re.search(rf'<section class="tile tile-{slug} .*?</section>', page, re.DOTALL)
    assert found, f"no tile {slug}"
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def record(action: Action, number: int = 1, **said: Any) -> None:
    """Record this so many times, just now and of somebody, unless something else is said."""
    now, user_id = timezone.now(), uuid4()
    usual = {"user_id": user_id, "actor": person(user_id), "at": now, "metadata": needed(action)}
    record_many(Entry(action=action, **{**usual, **said}) for _ in range(number))
