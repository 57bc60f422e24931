"""The demo people…"""

from datetime import datetime
from pathlib import Path

import pytest

from accounts.models import User
from accounts.services.roles import Role, roles_of
from audit.models import MandateAudit
from orchestrator import demo
from tests.roles import group


@pytest.fixture(autouse=True)
def both_roles(db: None) -> None:
    for role in Role:
        group(role)


@pytest.fixture
def people(tmp_path: Path) -> dict[str, demo.DemoPerson]:
    return demo.passwords(tmp_path / "demo.json")


def test_are_a_parent_and_somebody_with_every_role(
    people: dict[str, demo.DemoPerson], noon: datetime
) -> None:
    parent = demo.ensure_people(people, at=noon)
    staff = User.objects.get(email=demo.STAFF)

    assert (parent.email, parent.is_staff, parent.is_superuser) == (demo.PARENT, False, False)
    assert (staff.is_staff, staff.is_superuser) == (True, False)
    assert roles_of(staff) == list(Role)
    assert parent.check_password(people["parent"]["password"])


def test_are_no_superusers_any_more(
    people: dict[str, demo.DemoPerson], noon: datetime, later: datetime
) -> None:
    User.objects.create_superuser(demo.STAFF, "from an older version")

    for at in (noon, later):
        demo.ensure_people(people, at=at)

    staff = User.objects.get(email=demo.STAFF)
    assert not staff.is_superuser
    assert staff.check_password(people["staff"]["password"])
    assert MandateAudit.objects.filter(action="staff_role_granted").count() == len(Role)


def test_are_not_who_another_issuer_vouches_for(
    people: dict[str, demo.DemoPerson], noon: datetime
) -> None:
    guest = User.objects.create(email=demo.STAFF, is_local=False)

    demo.ensure_people(people, at=noon)

    guest.refresh_from_db()
    assert not guest.is_staff
    assert User.objects.filter(email=demo.STAFF, is_local=True, is_staff=True).exists()


@pytest.fixture
def later(noon: datetime) -> datetime:
    return noon.replace(hour=13)
