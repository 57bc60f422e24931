"""Requests that may be repeated: same person, path, key and body, same answer (`Idempotency-Key`)."""

from orchestrator.idempotency.forgetting import forget_expired
from orchestrator.idempotency.keys import note_turn

__all__ = ["forget_expired", "note_turn"]
