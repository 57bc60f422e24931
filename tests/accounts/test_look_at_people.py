"""Looking at people in the admin…"""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ExternalIdentity, User
from tests.roles import staff_with

PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def desk(db: None) -> Client:
    """The browser of someone who supports parents."""
    desk = Client()
    desk.force_login(staff_with("support"))
    return desk


@pytest.mark.parametrize(
    "lookup",
    ["password__startswith", "password", "logins_valid_from__lt", "identities__subject", "email"],
)
def test_answers_no_question_about_what_is_not_shown(
    desk: Client, parent: User, lookup: str
) -> None:
    assert desk.get(PEOPLE, {lookup: "argon2"}).status_code == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"account": "disabled"}, 1),
        ({"account": "active"}, 2),
        ({"who": "staff"}, 1),
        ({"who": "parent"}, 2),
        ({"who": "parent", "account": "active"}, 1),
        ({"q": "pat@"}, 1),
        ({"q": "nobody@"}, 0),
    ],
)
def test_finds_people_by_filter_and_search(
    desk: Client, parent: User, stranger: User, query: dict[str, str], found: int
) -> None:
    User.objects.filter(pk=stranger.pk).update(is_active=False)

    answer = desk.get(PEOPLE, query)

    assert len(answer.context["cl"].result_list) == found


def test_says_what_each_is_trusted_with(desk: Client, parent: User, staff: User) -> None:
    staff_with("auditor", "support", email="lee@example.com")
    staff_with(email="max@example.com")

    listed = desk.get(PEOPLE).content.decode()

    for words in ("superuser", "auditor, support", "staff without a role", "parent"):
        assert f'field-trusted_with">{words}<' in listed


def test_names_who_logs_in_elsewhere(desk: Client, parent: User) -> None:
    guest = User.objects.create(is_local=False)
    for subject in "ab":
        ExternalIdentity.objects.create(user=guest, issuer="https://id.example/", subject=subject)

    listed = desk.get(PEOPLE).content.decode()
    shown = desk.get(f"{PEOPLE}{guest.pk}/change/").content.decode()
    local = desk.get(f"{PEOPLE}{parent.pk}/change/").content.decode()

    assert str(guest.pk) in listed
    assert "at https://id.example/<" in shown
    assert ">here<" in local


def test_costs_as_many_queries_however_many_there_are(desk: Client) -> None:
    desk.get(PEOPLE)  # the first request of a log-in asks more
    asked = []
    for _ in range(2):
        for _ in range(10):
            User.objects.create_user(f"{uuid4()}@example.com")
        with CaptureQueriesContext(connection) as queries:
            desk.get(PEOPLE)
        asked.append(len(queries))

    assert asked[0] == asked[1]
