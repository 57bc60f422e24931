"""Deleting a login…"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from credentials.models import StoredCredential
from credentials.services import fingerprint
from tests.credentials.conftest import SaveLogin

ClientOf = Callable[..., APIClient]


@pytest.fixture
def client(just_logged_in: ClientOf, parent: User, noon: datetime) -> APIClient:
    return just_logged_in(parent, at=noon)


def test_leaves_its_record(
    save_login: SaveLogin, client: APIClient, parent: User, noon: datetime
) -> None:
    login, kept = save_login(), save_login(alias="Grandma's")

    with time_machine.travel(noon, tick=False):
        answer = client.delete(f"/api/v1/credentials/{login.pk}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert StoredCredential.objects.get() == kept
    row = MandateAudit.objects.get(action="credentials_deleted")
    assert (row.user_id, row.credential_id) == (parent.pk, login.pk)
    assert (row.provider, row.org_ref) == ("skiclubpro", "blackhawk-ski")
    assert row.metadata["credential_alias"] == "Our family login"
    assert row.metadata["was_fp"] == fingerprint(login.ciphertext)


def test_twice_finds_nothing_the_second_time(
    save_login: SaveLogin, client: APIClient, noon: datetime
) -> None:
    login = save_login()

    with time_machine.travel(noon, tick=False):
        codes = [client.delete(f"/api/v1/credentials/{login.pk}").status_code for _ in range(2)]

    assert codes == [204, 404]
    assert MandateAudit.objects.filter(action="credentials_deleted").count() == 1


def test_of_somebody_else_is_told_apart_from_none_by_nobody(
    save_login: SaveLogin, client: APIClient, stranger: User, noon: datetime
) -> None:
    theirs = save_login(stranger)

    with time_machine.travel(noon, tick=False):
        answers = [
            client.delete(f"/api/v1/credentials/{one}", headers={"X-Request-ID": "the-same-id"})
            for one in (theirs.pk, uuid4())
        ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert StoredCredential.objects.get() == theirs


def test_needs_a_fresh_log_in(save_login: SaveLogin, client: APIClient, noon: datetime) -> None:
    login = save_login()

    with time_machine.travel(noon + timedelta(minutes=10, seconds=1), tick=False):
        answer = client.delete(f"/api/v1/credentials/{login.pk}")

    assert (answer.status_code, answer.json()["code"]) == (403, "reauthentication_required")
    assert answer.json()["redirect"] == "/auth/reauthenticate"
    assert StoredCredential.objects.exists()


def test_is_undone_where_it_cannot_be_recorded(
    save_login: SaveLogin, client: APIClient, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise AuditUnavailableError

    login = save_login()
    monkeypatch.setattr("credentials.services.record", refuse)

    with time_machine.travel(noon, tick=False):
        answer = client.delete(f"/api/v1/credentials/{login.pk}")

    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert StoredCredential.objects.get() == login
