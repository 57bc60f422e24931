"""The demo people…"""

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import User
from accounts.services.roles import Role, roles_of
from audit.actions import Action
from audit.models import MandateAudit
from orchestrator import demo
from orchestrator.management.commands import seed_demo
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


def test_have_signups_all_over_two_weeks(noon: datetime) -> None:
    over = timedelta(days=14)

    rows = list(demo.story(UUID(int=1), 500, until=noon, over=over, leaving=0.3))

    assert len(rows) == 500
    assert len({row.at.date() for row in rows}) >= 14
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert noon - over <= rows[0].at < rows[-1].at < noon
    finished = sum(row.action == Action.REGISTRATION_COMPLETED for row in rows)
    assert 0 < finished < len({row.session_id for row in rows})  # some parents leave


def test_go_to_the_end_one_after_the_other_if_nothing_else_is_said(noon: datetime) -> None:
    rows = list(demo.story(UUID(int=1), 2 * len(demo.STORY) + 3, until=noon))

    assert [row.action for row in rows] == [action for action, _ in (demo.STORY * 3)[: len(rows)]]
    assert len({row.session_id for row in rows}) == 3


@pytest.mark.parametrize("verbosity", [0, 1])
def test_say_in_a_pipe_how_far_their_records_are(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verbosity: int
) -> None:
    settings.DEBUG, settings.VAR_DIR, settings.AUDIT_SIGNERS = True, tmp_path, ()
    monkeypatch.setattr(seed_demo, "SECONDS_BETWEEN_LINES", 0.0)
    out = StringIO()

    call_command("seed_demo", audit_rows=20, verbosity=verbosity, stdout=out)

    said = out.getvalue()
    assert ("19 of 20 audit rows written." in said) == bool(verbosity)
    assert "20 audit rows written, not sealed" in said
    assert MandateAudit.objects.filter(metadata__sample=True).count() == 20
