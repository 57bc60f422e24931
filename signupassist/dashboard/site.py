"""The door: Django's index of the admin, with the dashboard above the lists."""

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.console import Console
from signupassist.dashboard import ledger, service
from signupassist.dashboard.tiles import MakeTile, Reader, Tile, make

# Whoever has one of these rights sees all tiles: they show numbers, and nobody's record.
RIGHTS = ("audit.view_mandateaudit", "sessions_store.view_agenticcheckoutsession")

TILES: tuple[tuple[str, str, MakeTile], ...] = (
    ("actions", "Actions per day", ledger.actions),
    ("funnel", "Signups by step reached, 7 days", ledger.funnel),
    ("sessions", "Signups now", service.sessions),
    ("log", "Newest checkpoint", ledger.log),
    ("waiting", "Waiting for a seal", ledger.waiting),
    ("calls", "Tool calls by source, 7 days", ledger.tools),
    ("openings", "Saved logins opened, 7 days", ledger.openings),
    ("worker", "Worker", service.worker),
    ("tools", "Provider tools", service.tools),
    ("keys", "Keys", service.keys),
)
_ASK_MORE = {service.worker}  # Redis, too: no transaction may wait for that


class Landing(Console):
    """The console; its first page tells how things stand."""

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Return the lists that this person may open, below the dashboard if they may see it."""
        more: dict[str, Any] = {"title": "How things stand"} if self._may_see(request) else {}
        if more:
            tiles = look(request)
            more |= {"tiles": tiles, "troubles": [tile for tile in tiles if _is_trouble(tile)]}
        return super().index(request, {**more, **(extra_context or {})})

    def _may_see(self, request: HttpRequest) -> bool:
        return any(request.user.has_perm(right) for right in RIGHTS)


def look(request: HttpRequest) -> list[Tile]:
    """Return all tiles as they are now."""
    reader = Reader(request.user, timezone.now())
    return [
        make(reader, slug, title, deed, is_database_alone=deed not in _ASK_MORE)
        for slug, title, deed in TILES
    ]


def _is_trouble(tile: Tile) -> bool:
    return tile.tone in ("warn", "bad")
