"""Listing one's logins…"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from credentials.models import StoredCredential
from tests.credentials.conftest import SaveLogin

ClientOf = Callable[[User], APIClient]
PATH = "/api/v1/credentials"


def test_shows_ones_own_and_no_secret(
    save_login: SaveLogin, client_of: ClientOf, parent: User, stranger: User
) -> None:
    login = save_login()
    save_login(stranger)

    body = client_of(parent).get(PATH).json()

    assert body == {
        "results": [
            {
                "id": str(login.pk),
                "alias": "Our family login",
                "provider": "skiclubpro",
                "org_ref": "blackhawk-ski",
                "created_at": "2026-07-14T12:00:00Z",
                "updated_at": "2026-07-14T12:00:00Z",
            }
        ],
        "next": None,
    }


def test_shows_the_newest_first_fifty_a_page(
    save_login: SaveLogin, client_of: ClientOf, parent: User, noon: datetime
) -> None:
    text = save_login(alias="0").ciphertext
    StoredCredential.objects.bulk_create(
        StoredCredential(
            user=parent,
            alias=str(number),
            provider="skiclubpro",
            ciphertext=text,
            created_at=noon + timedelta(seconds=number),
        )
        for number in range(1, 51)
    )
    client = client_of(parent)

    first = client.get(PATH).json()
    second = client.get(PATH, {"cursor": first["next"]}).json()

    assert [one["alias"] for one in first["results"]] == [str(n) for n in range(50, 0, -1)]
    assert [one["alias"] for one in second["results"]] == ["0"]
    assert second["next"] is None


def test_of_somebody_without_any_is_empty(client_of: ClientOf, parent: User) -> None:
    assert client_of(parent).get(PATH).json() == {"results": [], "next": None}


def test_refuses_a_cursor_that_it_did_not_give(client_of: ClientOf, parent: User) -> None:
    answer = client_of(parent).get(PATH, {"cursor": "50"})

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"])


@pytest.mark.django_db
def test_needs_somebody_who_is_logged_in() -> None:
    assert APIClient().get(PATH).status_code == 401
