"""Keeping a question to the ledger under a name, to ask it again tomorrow."""

from uuid import UUID

from audit.models import SavedView

MOST = 30  # that one person keeps


class TooManyViewsError(ValueError):
    """Somebody keeps as many as there is room for."""


def of(user_id: UUID) -> list[SavedView]:
    """Return what this person keeps, by name."""
    return list(SavedView.objects.filter(user_id=user_id).order_by("name")[:MOST])


def keep(user_id: UUID, *, name: str, query: str) -> None:
    """Keep a question; one of the same name makes room for it.

    :raises TooManyViewsError: if there is no room for another
    """
    others = SavedView.objects.filter(user_id=user_id).exclude(name=name)
    if others.count() >= MOST:
        raise TooManyViewsError
    SavedView.objects.update_or_create(user_id=user_id, name=name, defaults={"query": query})


def forget(user_id: UUID, *, name: str) -> None:
    """Forget what this person kept under a name, if there is such a thing."""
    SavedView.objects.filter(user_id=user_id, name=name).delete()
