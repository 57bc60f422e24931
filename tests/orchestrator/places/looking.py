"""What tests of searches share: what is asked from where, and what the ledger tells of it."""

from typing import Any

from audit.models import MandateAudit
from tests.orchestrator.chat import Chat
from tests.servers.places_server import Script, error

UNKNOWN = "Nordic Mountain in Wild Rose, WI"  # to the tools
MADISON = {"lat": 43.0731, "lng": -89.4012}
DOWN = Script(status=503, body=error(503, "UNAVAILABLE"), headers={"Retry-After": "9"})


def calls_recorded() -> list[tuple[str, dict[str, Any]]]:
    """Return what the ledger tells of each call, oldest first."""
    rows = MandateAudit.objects.filter(action__in=["tool_succeeded", "tool_failed"])
    return [(row.action, row.metadata) for row in rows.order_by("created_at", "id")]


def say_from(chat: Chat, text: str, location: dict[str, float]) -> dict[str, Any]:
    """Say something with a position."""
    body = {"message": text, "location": location}
    turn: dict[str, Any] = chat.client.post(f"/api/v1/sessions/{chat.id}/messages", body).json()
    return turn
