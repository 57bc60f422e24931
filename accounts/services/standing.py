"""Closing an account to its person for a while, and opening it again: deeds of staff."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.services.records import record_deed
from audit.actions import Action, staff


class NoSuchAccountError(Exception):
    """There is no account with this id, any more."""


class NotTheirsToDecideError(Exception):
    """Nobody decides about their own account, and only superusers about those of staff."""


class NothingToDoError(Exception):
    """The account is disabled, or enabled, already."""


def may_decide(one: User, about: User) -> bool:
    """Say whether this person may disable and enable that account, if they have the right at all.

    A role must not be enough to lock the other staff out, or to let one in whom a superuser
    locked out.
    """
    is_staff = about.is_staff or about.is_superuser
    return one.pk != about.pk and (one.is_superuser or not is_staff)


def disable(*, user_id: UUID, staff_id: UUID, at: datetime) -> None:
    """Let nobody use this account; whoever is logged in with it is refused at the next request.

    What the account holds stays as it is. Its log-ins stay ended when it is enabled again.

    :raises NoSuchAccountError: if it was deleted
    :raises NotTheirsToDecideError: if it is this person's own, or needs a superuser
    :raises NothingToDoError: if it is disabled
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing was done
    """
    with transaction.atomic():
        user = _decide(user_id, staff_id, is_active=False)
        user.logins_valid_from = at
        user.save(update_fields=["is_active", "logins_valid_from"])
        record_deed(Action.USER_DISABLED, user.pk, at=at, actor=staff(staff_id))


def enable(*, user_id: UUID, staff_id: UUID, at: datetime) -> None:
    """Let the person of this account log in again.

    :raises NoSuchAccountError: if it was deleted
    :raises NotTheirsToDecideError: if it is this person's own, or needs a superuser
    :raises NothingToDoError: if it is enabled
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing was done
    """
    with transaction.atomic():
        user = _decide(user_id, staff_id, is_active=True)
        user.save(update_fields=["is_active"])
        record_deed(Action.USER_ENABLED, user.pk, at=at, actor=staff(staff_id))


def _decide(user_id: UUID, staff_id: UUID, *, is_active: bool) -> User:
    """Return the account, locked and changed but not saved."""
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NoSuchAccountError
    if not may_decide(User.objects.get(pk=staff_id), user):
        raise NotTheirsToDecideError
    if user.is_active == is_active:
        raise NothingToDoError
    user.is_active = is_active
    return user
