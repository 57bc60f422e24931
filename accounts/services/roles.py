"""Who of the staff may do what: roles are given and taken here, and nowhere else."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models import Q, QuerySet

from accounts.models import User, UserManager
from audit import services as audit
from audit.actions import SYSTEM, Action


class Role(models.TextChoices):
    """What somebody is trusted with; each is a group whose rights a migration gives."""

    AUDITOR = "auditor"  # reads the ledger, and what logins there are
    SUPPORT = "support"  # helps parents who are stuck


class NoSuchAccountError(Exception):
    """Nobody logs in here with this e-mail."""


class AccountDisabledError(Exception):
    """The account is disabled: what was meant to help its person would help nobody."""


class RolesMissingError(Exception):
    """The database does not know the roles: its migrations were not run."""


def grant(*, email: str, roles: Collection[Role], at: datetime) -> list[Role]:
    """Return the roles that this person has from now on, and had not; they may use the admin.

    :raises NoSuchAccountError: if nobody logs in here with this e-mail
    :raises AccountDisabledError: if they may not log in
    :raises RolesMissingError: before `manage.py migrate`
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing was given
    """
    with transaction.atomic():
        user = _locked(email)
        if not user.is_active:
            raise AccountDisabledError
        held = roles_of(user) if user.is_staff else []
        new = [role for role in Role if role in roles and role not in held]
        if new:
            user.groups.add(*_groups(new))
            user.is_staff = True
            user.save(update_fields=["is_staff"])
            _record(Action.STAFF_ROLE_GRANTED, user, new, at=at)
    return new


def revoke(*, email: str, roles: Collection[Role], at: datetime) -> list[Role]:
    """Return the roles that this person had, and has no longer; with the last goes the admin.

    Rights are asked for at every request: what is open in a browser is closed with them.

    :raises NoSuchAccountError: if nobody logs in here with this e-mail
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing was taken
    """
    with transaction.atomic():
        user = _locked(email)
        held = roles_of(user)
        gone = [role for role in held if role in roles]
        if gone:
            user.groups.remove(*_groups(gone))
            user.is_staff = user.is_superuser or len(gone) < len(held)
            user.save(update_fields=["is_staff"])
            _record(Action.STAFF_ROLE_REVOKED, user, gone, at=at)
    return gone


def roles_of(user: User) -> list[Role]:
    """Return what this person is trusted with; a superuser's rights are no role."""
    names = {group.name for group in user.groups.all()}
    return [role for role in Role if role in names]


def everybody() -> QuerySet[User]:
    """Return all who have a role or may use the admin, by e-mail."""
    trusted = Q(is_staff=True) | Q(is_superuser=True) | Q(groups__name__in=Role.values)
    return User.objects.filter(trusted).distinct().order_by("email").prefetch_related("groups")


def _locked(email: str) -> User:
    known = User.objects.filter(email=UserManager.normalize_email(email), is_local=True)
    user = known.select_for_update().first()
    if user is None:
        raise NoSuchAccountError
    return user


def _groups(roles: Collection[Role]) -> list[Group]:
    groups = list(Group.objects.filter(name__in=roles))
    if len(groups) != len(roles):
        raise RolesMissingError
    return groups


def _record(action: Action, user: User, roles: Collection[Role], *, at: datetime) -> None:
    for role in roles:
        audit.record(
            action=action, user_id=user.pk, actor=SYSTEM, at=at, metadata={"role": role.value}
        )
