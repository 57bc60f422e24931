"""Requests that may be repeated: same person, path, key and body, same answer (`Idempotency-Key`)."""

from orchestrator.idempotency.keys import forget_expired, note_turn

__all__ = ["forget_expired", "note_turn"]
