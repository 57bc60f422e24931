"""What the doors can ask of the conversation."""

from orchestrator.services.conversation import (
    delete_session,
    own_sessions,
    read,
    start,
    submission,
    take_action,
    take_message,
)

__all__ = [
    "delete_session",
    "own_sessions",
    "read",
    "start",
    "submission",
    "take_action",
    "take_message",
]
