"""Giving staff a role, and taking it away…"""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from accounts.services import roles
from accounts.services.roles import Role
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from tests.roles import group

EMAIL = "pat@example.com"


@pytest.fixture(autouse=True)
def both_roles(db: None) -> None:
    for role in Role:
        group(role)


def give(*given: Role, at: datetime, email: str = EMAIL) -> list[Role]:
    return roles.grant(email=email, roles=given, at=at)


def take(*taken: Role, at: datetime, email: str = EMAIL) -> list[Role]:
    return roles.revoke(email=email, roles=taken, at=at)


def recorded() -> list[tuple[Any, ...]]:
    """Return what was recorded: action, whose, by whom, which role; given before taken."""
    rows = MandateAudit.objects.all()
    return sorted((row.action, row.user_id, row.actor, row.metadata["role"]) for row in rows)


def test_opens_the_admin_and_is_recorded(parent: User, noon: datetime) -> None:
    assert give(Role.SUPPORT, at=noon, email=" Pat@Example.com ") == [Role.SUPPORT]

    parent.refresh_from_db()
    assert (parent.is_staff, parent.is_superuser) == (True, False)
    assert roles.roles_of(parent) == [Role.SUPPORT]
    assert recorded() == [("staff_role_granted", parent.pk, "system", "support")]


def test_gives_the_rights_of_the_role_and_no_more(parent: User, noon: datetime) -> None:
    give(Role.AUDITOR, at=noon)

    found = User.objects.get()
    assert found.get_all_permissions() == {
        "audit.view_mandateaudit",
        "audit.export_mandateaudit",
        "credentials.view_storedcredential",
    }


def test_gives_what_is_not_held_yet(parent: User, noon: datetime, later: datetime) -> None:
    give(Role.AUDITOR, at=noon)

    assert give(Role.SUPPORT, Role.AUDITOR, at=later) == [Role.SUPPORT]
    assert give(Role.SUPPORT, Role.AUDITOR, at=later) == []
    assert [entry[3] for entry in recorded()] == ["auditor", "support"]


def test_gives_the_admin_back_to_who_lost_it_by_hand(parent: User, noon: datetime) -> None:
    give(Role.AUDITOR, at=noon)
    User.objects.update(is_staff=False)

    assert give(Role.AUDITOR, at=noon) == [Role.AUDITOR]
    assert User.objects.get().is_staff


def test_takes_the_admin_with_the_last(parent: User, noon: datetime, later: datetime) -> None:
    give(Role.AUDITOR, Role.SUPPORT, at=noon)

    assert take(Role.SUPPORT, at=later) == [Role.SUPPORT]
    assert User.objects.get().is_staff
    assert take(*Role, at=later) == [Role.AUDITOR]
    assert not User.objects.get().is_staff
    assert take(*Role, at=later) == []
    assert recorded()[2:] == [
        ("staff_role_revoked", parent.pk, "system", "auditor"),
        ("staff_role_revoked", parent.pk, "system", "support"),
    ]


def test_leaves_a_superuser_one(staff: User, noon: datetime, later: datetime) -> None:
    give(Role.AUDITOR, at=noon, email=staff.email)
    take(Role.AUDITOR, at=later, email=staff.email)

    staff.refresh_from_db()
    assert (staff.is_staff, staff.is_superuser) == (True, True)


@pytest.mark.parametrize("deed", [give, take])
def test_knows_nobody_by_an_e_mail_that_another_issuer_told(noon: datetime, deed: Any) -> None:
    User.objects.create(email=EMAIL, is_local=False)

    with pytest.raises(roles.NoSuchAccountError):
        deed(Role.SUPPORT, at=noon)
    assert recorded() == []


def test_gives_nothing_to_a_disabled_account(parent: User, noon: datetime) -> None:
    User.objects.update(is_active=False)

    with pytest.raises(roles.AccountDisabledError):
        give(Role.SUPPORT, at=noon)
    assert not User.objects.get().is_staff


def test_takes_from_a_disabled_account(parent: User, noon: datetime, later: datetime) -> None:
    give(Role.SUPPORT, at=noon)
    User.objects.update(is_active=False)

    assert take(Role.SUPPORT, at=later) == [Role.SUPPORT]


def test_says_when_the_database_has_no_roles(parent: User, noon: datetime) -> None:
    Group.objects.all().delete()

    with pytest.raises(roles.RolesMissingError):
        give(Role.SUPPORT, at=noon)
    assert not User.objects.get().is_staff


@pytest.mark.parametrize("deed", [give, take])
def test_does_nothing_that_cannot_be_recorded(
    parent: User, noon: datetime, deed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(Role.AUDITOR, at=noon)

    def refuse(**_: Any) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr("accounts.services.roles.audit.record", refuse)

    with pytest.raises(AuditUnavailableError):
        deed(*Role, at=noon)
    found = User.objects.get()
    assert (found.is_staff, roles.roles_of(found)) == (True, [Role.AUDITOR])


def test_lists_all_who_are_trusted(parent: User, stranger: User, staff: User) -> None:
    stranger.groups.add(group("auditor"), group("support"))

    assert list(roles.everybody()) == [staff, stranger]
