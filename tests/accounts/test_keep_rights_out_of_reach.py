"""The rights of staff are out of reach of whoever gets the running service to run SQL of theirs…"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import ProgrammingError, connection, transaction

from accounts.models import User
from accounts.services import roles as given
from audit import acting, roles
from tests.roles import group

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles"),
]

As = Callable[[], AbstractContextManager[None]]
ALL: list[As] = [acting.for_nobody, acting.as_staff, acting.as_jobs]


@contextmanager
def refused() -> Iterator[None]:
    """Expect a refusal for want of a right, and go on after it."""
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|security policy"),
        transaction.atomic(),
    ):
        yield


@pytest.mark.parametrize("as_role", ALL)
@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_by_changing_an_account(as_role: As, right: str, parent: User) -> None:
    with as_role(), refused():
        User.objects.filter(pk=parent.pk).update(**{right: True})


@pytest.mark.parametrize("as_role", ALL)
@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_by_adding_an_account(as_role: As, right: str, db: None) -> None:
    with as_role(), refused():
        User.objects.create_user("mallory@example.com", "a long pass phrase", **{right: True})


@pytest.mark.parametrize("as_role", ALL)
def test_by_joining_a_group_or_being_given_a_permission(as_role: As, parent: User) -> None:
    auditors, every = group("auditor"), Permission.objects.all()[0]
    with as_role():
        for deed in (
            lambda: parent.groups.add(auditors),
            lambda: parent.user_permissions.add(every),
            lambda: Group.objects.create(name="ours"),
            lambda: auditors.permissions.add(every),
        ):
            with refused():
                deed()


def test_by_saving_whole_what_was_read(staff: User) -> None:
    with acting.for_nobody(), refused():
        staff.save()


def test_by_opening_an_account_again_that_staff_disabled(parent: User) -> None:
    with acting.for_nobody(), refused():
        User.objects.filter(pk=parent.pk).update(is_active=True)


def test_while_people_sign_up_log_in_and_leave(staff: User, noon: datetime) -> None:
    with acting.for_nobody():
        new = User.objects.create_user("new@example.com", "a long pass phrase")
        staff.last_login = staff.logins_valid_from = noon
        staff.set_password("another long pass phrase")
        staff.save(update_fields=["last_login", "logins_valid_from", "password"])
        assert User.objects.select_for_update().get(pk=new.pk).delete()


def test_and_operators_give_them(parent: User, noon: datetime) -> None:
    group("auditor")
    assert given.grant(email=parent.email, roles=[given.Role.AUDITOR], at=noon)


@pytest.mark.parametrize(
    ("deed", "found"),
    [
        (
            "GRANT UPDATE (is_staff) ON users TO signupassist_app",
            "signupassist_app may give the rights of staff",
        ),
        (
            "GRANT UPDATE ON users TO signupassist_jobs",
            "signupassist_jobs may give the rights of staff",
        ),
        (
            "ALTER POLICY own_insert ON users WITH CHECK (true)",
            "users lacks its policy own_insert",
        ),
    ],
)
def test_or_the_doctor_says_so_and_migrate_mends_it(deed: str, found: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(deed)
    assert roles.troubles(connection) == [found]

    assert roles.install(connection, ["users"])
    assert roles.troubles(connection) == []
