"""Revealing a login to its owner…"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from credentials.models import StoredCredential
from tests.credentials.conftest import EMAIL, PASSWORD, SaveLogin

ClientOf = Callable[..., APIClient]
MINUTE = timedelta(minutes=1)


def path(login: StoredCredential) -> str:
    return f"/api/v1/credentials/{login.pk}/reveal"


def actions() -> list[str]:
    rows = MandateAudit.objects.filter(action__startswith="credentials_access")
    return list(rows.values_list("action", flat=True))


def test_shows_it_to_nobody_in_between(
    save_login: SaveLogin, just_logged_in: ClientOf, parent: User, noon: datetime
) -> None:
    login = save_login()

    with time_machine.travel(noon, tick=False):
        answer = just_logged_in(parent, at=noon).post(path(login))

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert list(answer.json()) == ["id", "alias", "provider", "email", "password"]
    assert answer.json() == {
        "id": str(login.pk),
        "alias": "Our family login",
        "provider": "skiclubpro",
        "email": EMAIL,
        "password": PASSWORD,
    }


def test_is_recorded_with_its_request(
    save_login: SaveLogin, just_logged_in: ClientOf, parent: User, noon: datetime
) -> None:
    login = save_login()

    with time_machine.travel(noon, tick=False):
        answer = just_logged_in(parent, at=noon).post(path(login))

    row = MandateAudit.objects.get(action="credentials_accessed")
    assert row.metadata["purpose"] == "reveal"
    assert row.metadata["accessed_at"] == "2026-07-14T12:00:00Z"
    assert row.metadata["request_id"] == answer.headers["X-Request-ID"]
    assert (row.credential_id, row.session_id) == (login.pk, None)


@pytest.mark.parametrize(
    ("age", "status"),
    [(0 * MINUTE, 200), (10 * MINUTE, 200), (10 * MINUTE + timedelta(seconds=1), 403)],
)
def test_needs_a_token_of_the_last_ten_minutes(
    save_login: SaveLogin,
    just_logged_in: ClientOf,
    parent: User,
    noon: datetime,
    age: timedelta,
    status: int,
) -> None:
    login, client = save_login(), just_logged_in(parent, at=noon)

    with time_machine.travel(noon + age, tick=False):
        answer = client.post(path(login))

    assert answer.status_code == status
    assert len(actions()) == (status == 200)


def test_says_where_to_log_in_again(
    save_login: SaveLogin, just_logged_in: ClientOf, parent: User, noon: datetime
) -> None:
    login, client = save_login(), just_logged_in(parent, at=noon)

    with time_machine.travel(noon + 11 * MINUTE, tick=False):
        answer = client.post(path(login))

    body = answer.json()
    assert (answer.status_code, body["code"]) == (403, "reauthentication_required")
    assert body["redirect"] == "/auth/reauthenticate"
    assert PASSWORD not in answer.content.decode()


def test_tells_nothing_of_others_logins_before_the_log_in_is_fresh(
    save_login: SaveLogin, just_logged_in: ClientOf, parent: User, stranger: User, noon: datetime
) -> None:
    client = just_logged_in(parent, at=noon)
    theirs = save_login(stranger)

    with time_machine.travel(noon + 11 * MINUTE, tick=False):
        answers = [client.post(f"/api/v1/credentials/{one}/reveal") for one in (theirs.pk, uuid4())]

    assert [answer.json()["code"] for answer in answers] == ["reauthentication_required"] * 2


@pytest.mark.parametrize(("age", "status"), [(9 * MINUTE, 200), (11 * MINUTE, 403)])
def test_needs_a_page_that_was_logged_in_on_as_recently(
    save_login: SaveLogin, parent: User, noon: datetime, age: timedelta, status: int
) -> None:
    cache.clear()
    login, browser = save_login(), Client()
    with time_machine.travel(noon, tick=False):
        browser.post("/auth", {"login": parent.email, "password": "a long pass phrase"})

    with time_machine.travel(noon + age, tick=False):
        answer = browser.post(path(login), content_type="application/json")

    assert answer.status_code == status


def test_trusts_no_session_that_does_not_say_when_it_began(
    save_login: SaveLogin, parent: User
) -> None:
    login, browser = save_login(), Client()
    browser.force_login(parent)

    assert (
        browser.post(path(login), content_type="application/json").json()["code"]
        == "reauthentication_required"
    )


def test_is_not_for_other_pages_to_ask(save_login: SaveLogin, parent: User, noon: datetime) -> None:
    cache.clear()
    login, browser = save_login(), Client(enforce_csrf_checks=True)
    with time_machine.travel(noon, tick=False):
        browser.get("/auth")
        token = browser.cookies["csrftoken"].value
        fields = {"login": parent.email, "password": "a long pass phrase"}
        browser.post("/auth", fields | {"csrfmiddlewaretoken": token})
        answer = browser.post(path(login), content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert actions() == []


def test_is_no_get(
    save_login: SaveLogin, just_logged_in: ClientOf, parent: User, noon: datetime
) -> None:
    login = save_login()

    with time_machine.travel(noon, tick=False):
        answer = just_logged_in(parent, at=noon).get(path(login))

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert actions() == []


@pytest.mark.parametrize("body", [{"purpose": "find_programs"}, {"user_id": "x"}, ["x"]])
def test_takes_no_fields(
    save_login: SaveLogin, just_logged_in: ClientOf, parent: User, noon: datetime, body: Any
) -> None:
    login = save_login()

    with time_machine.travel(noon, tick=False):
        answer = just_logged_in(parent, at=noon).post(path(login), body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert actions() == []
