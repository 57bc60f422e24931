"""Disabling an account, and enabling it again…"""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User
from accounts.services import standing
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from tests.accounts.conftest import LogIn, post_form
from tests.roles import staff_with

PEOPLE = "/admin/accounts/user/"
EXPIRED = "Your session expired. Please log in again."


@pytest.fixture
def helper(db: None) -> User:
    """Someone who supports parents."""
    return staff_with("support")


@pytest.fixture
def desk(helper: User) -> Client:
    """Their browser."""
    desk = Client()
    desk.force_login(helper)
    return desk


def disable(user: User, by: User, at: datetime) -> None:
    standing.disable(user_id=user.pk, staff_id=by.pk, at=at)


def enable(user: User, by: User, at: datetime) -> None:
    standing.enable(user_id=user.pk, staff_id=by.pk, at=at)


def recorded() -> list[tuple[Any, ...]]:
    rows = MandateAudit.objects.filter(action__in=["user_disabled", "user_enabled"])
    return [(row.action, row.user_id, row.actor) for row in rows.order_by("created_at")]


def test_is_recorded_in_the_persons_trail(
    parent: User, helper: User, noon: datetime, later: datetime
) -> None:
    disable(parent, helper, noon)
    parent.refresh_from_db()
    assert (parent.is_active, parent.logins_valid_from) == (False, noon)

    enable(parent, helper, later)
    parent.refresh_from_db()
    assert (parent.is_active, parent.logins_valid_from) == (True, noon)
    actor = f"staff:{helper.pk}"
    assert recorded() == [
        ("user_disabled", parent.pk, actor),
        ("user_enabled", parent.pk, actor),
    ]


def test_ends_what_is_logged_in_at_the_next_request(
    log_in: LogIn, browser: Client, parent: User, desk: Client
) -> None:
    log_in()
    bearer = {"Authorization": f"Bearer {tokens.issue(parent.pk, at=timezone.now())}"}
    program = APIClient()
    assert program.get("/api/v1/me", headers=bearer).status_code == 200
    assert browser.get("/api/v1/me").status_code == 200

    assert desk.post(f"{PEOPLE}{parent.pk}/disable/").status_code == 302

    for answer in (program.get("/api/v1/me", headers=bearer), browser.get("/api/v1/me")):
        assert (answer.status_code, answer.json()["code"]) == (401, "session_expired")
        assert answer.json()["detail"] == EXPIRED
    page = browser.get("/mandates-audit")
    assert (page.status_code, page["Location"]) == (302, "/auth?next=/mandates-audit")
    assert EXPIRED in browser.get(page["Location"]).content.decode()


def test_keeps_its_person_out_until_it_is_enabled(
    log_in: LogIn, browser: Client, parent: User, desk: Client
) -> None:
    log_in()
    elsewhere = Client(enforce_csrf_checks=True)
    form = {"login": parent.email, "password": "a long pass phrase"}
    body = {"email": parent.email, "password": "a long pass phrase"}

    desk.post(f"{PEOPLE}{parent.pk}/disable/")
    assert APIClient().post("/api/v1/auth/token", body).status_code == 401
    assert post_form(elsewhere, "/auth", form).status_code == 200  # the form again

    desk.post(f"{PEOPLE}{parent.pk}/enable/")
    old = browser.get("/api/v1/me")
    assert (old.status_code, old.json()["code"]) == (401, "session_expired")
    assert post_form(elsewhere, "/auth", form).status_code == 302
    assert APIClient().post("/api/v1/auth/token", body).status_code == 200


def test_asks_first(desk: Client, parent: User) -> None:
    shown = desk.get(f"{PEOPLE}{parent.pk}/change/").content.decode()
    asked = desk.get(f"{PEOPLE}{parent.pk}/disable/").content.decode()

    assert f"{PEOPLE}{parent.pk}/disable/" in shown
    assert f"{PEOPLE}{parent.pk}/enable/" not in shown
    assert f"Disable the account of {parent.email}?" in asked
    assert User.objects.get(pk=parent.pk).is_active
    assert recorded() == []


def test_is_offered_the_way_it_stands(desk: Client, parent: User, helper: User) -> None:
    disable(parent, helper, timezone.now())

    shown = desk.get(f"{PEOPLE}{parent.pk}/change/").content.decode()

    assert "Disabled" in shown
    assert f"{PEOPLE}{parent.pk}/enable/" in shown
    assert f"{PEOPLE}{parent.pk}/disable/" not in shown


@pytest.mark.parametrize(("deed", "already"), [("enable", "enabled"), ("disable", "disabled")])
def test_is_done_once(desk: Client, parent: User, helper: User, deed: str, already: str) -> None:
    if deed == "disable":
        disable(parent, helper, timezone.now())
    before = recorded()

    answer = desk.post(f"{PEOPLE}{parent.pk}/{deed}/")

    assert answer.status_code == 409
    assert f"This account is {already} already." in answer.content.decode()
    assert recorded() == before


def test_is_not_for_ones_own_account(desk: Client, helper: User, staff: User) -> None:
    shown = desk.get(f"{PEOPLE}{helper.pk}/change/").content.decode()
    answer = desk.post(f"{PEOPLE}{helper.pk}/disable/")

    assert "This is your own account." in shown
    assert f"{PEOPLE}{helper.pk}/disable/" not in shown
    assert answer.status_code == 409
    assert User.objects.get(pk=helper.pk).is_active
    with pytest.raises(standing.NotTheirsToDecideError):
        disable(staff, staff, timezone.now())


@pytest.mark.parametrize("rank", [{"is_staff": True}, {"is_superuser": True}])
def test_is_done_to_staff_by_superusers_alone(
    desk: Client, helper: User, stranger: User, staff: User, noon: datetime, rank: dict[str, bool]
) -> None:
    User.objects.filter(pk=stranger.pk).update(**rank)

    answer = desk.post(f"{PEOPLE}{stranger.pk}/disable/")
    assert answer.status_code == 409
    assert "only a superuser" in answer.content.decode()

    disable(stranger, staff, noon)
    with pytest.raises(standing.NotTheirsToDecideError):
        enable(stranger, helper, noon)  # nor let back in
    enable(stranger, staff, noon)
    assert len(recorded()) == 2


def test_is_nothing_that_looking_allows(parent: User) -> None:
    onlooker = staff_with(email="max@example.com")
    onlooker.user_permissions.add(Permission.objects.get(codename="view_user"))
    desk = Client()
    desk.force_login(onlooker)
    page = f"{PEOPLE}{parent.pk}/disable/"

    shown = desk.get(f"{PEOPLE}{parent.pk}/change/")

    assert shown.status_code == 200
    assert page not in shown.content.decode()
    assert (desk.get(page).status_code, desk.post(page).status_code) == (403, 403)
    assert recorded() == []


def test_is_done_by_post_with_the_token_of_the_page(helper: User, parent: User) -> None:
    desk = Client(enforce_csrf_checks=True)
    desk.force_login(helper)
    page = f"{PEOPLE}{parent.pk}/disable/"

    assert desk.post(page).status_code == 403
    assert [getattr(desk, method)(page).status_code for method in ("put", "delete")] == [403, 403]
    assert recorded() == []
    assert post_form(desk, page, {}).status_code == 302
    assert len(recorded()) == 1
    desk.handler.enforce_csrf_checks = False
    assert desk.put(page).status_code == 405


@pytest.mark.parametrize("sought", ["0d4c6a4e-8f0b-4f0e-9a57-3f6f3d7a9b11", "1", "pat@example.com"])
def test_answers_404_where_there_is_nobody(desk: Client, sought: str) -> None:
    assert desk.get(f"{PEOPLE}{sought}/disable/").status_code == 404
    assert desk.post(f"{PEOPLE}{sought}/disable/").status_code == 404


def test_refuses_an_account_that_was_deleted_meanwhile(helper: User, noon: datetime) -> None:
    with pytest.raises(standing.NoSuchAccountError):
        standing.disable(user_id=uuid4(), staff_id=helper.pk, at=noon)


def test_is_not_done_when_it_cannot_be_recorded(
    desk: Client, parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr(standing, "record_deed", refuse)

    answer = desk.post(f"{PEOPLE}{parent.pk}/disable/")

    assert answer.status_code == 503
    assert "We could not record this action" in answer.content.decode()
    parent.refresh_from_db()
    assert (parent.is_active, parent.logins_valid_from) == (True, None)
