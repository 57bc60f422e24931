"""What may be the matter with a signup session, in a word."""

from django.db.models import TextChoices


class Status(TextChoices):
    """The status of a session; the flow moves it, the clean-up goes by it."""

    OPEN = "open"
    SUBMITTING = "submitting"  # the registration is on its way
    OUTCOME_UNKNOWN = "outcome_unknown"  # sent, and nobody knows yet what became of it
    COMPLETED = "completed"
    CANCELLED = "cancelled"


# Somebody is owed an answer: served past the 24 hours, and never deleted by the clean-up.
KEPT = frozenset({Status.SUBMITTING, Status.OUTCOME_UNKNOWN})
