"""Saving a login…"""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from accounts.models import User
from audit import acting
from audit.models import MandateAudit
from credentials import services
from credentials.models import StoredCredential
from tests.credentials.conftest import EMAIL, LOGIN, PASSWORD, SaveLogin

PATH = "/api/v1/credentials"


@pytest.fixture
def client(parent: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(parent)
    return client


def entry() -> MandateAudit:
    """The newest record."""
    return MandateAudit.objects.order_by("-created_at", "-id")[0]


def test_answers_with_everything_but_the_secret(client: APIClient, noon: Any) -> None:
    with time_machine.travel(noon, tick=False):
        answer = client.post(PATH, LOGIN)

    body = answer.json()
    assert answer.status_code == 201
    assert list(body) == ["id", "alias", "provider", "org_ref", "created_at", "updated_at"]
    assert UUID(body.pop("id")) == StoredCredential.objects.get().pk
    assert body == {
        "alias": "Our family login",
        "provider": "skiclubpro",
        "org_ref": "blackhawk-ski",
        "created_at": "2026-07-14T12:00:00Z",
        "updated_at": "2026-07-14T12:00:00Z",
    }


def test_keeps_nothing_readable(client: APIClient) -> None:
    client.post(PATH, LOGIN)

    with connection.cursor() as cursor:
        cursor.execute("SELECT ciphertext, key_id FROM stored_credentials")
        ciphertext, key_id = cursor.fetchone()
    assert re.fullmatch(rf"sa1\.{key_id}\.[A-Za-z0-9_=-]{{280}}", ciphertext)
    assert EMAIL not in ciphertext
    assert PASSWORD not in ciphertext


def test_is_recorded_with_the_fingerprint_of_what_was_sealed(
    client: APIClient, parent: User
) -> None:
    session_id = UUID(client.post("/api/v1/sessions").json()["session"]["id"])

    body = client.post(PATH, LOGIN | {"session_id": str(session_id)}).json()

    row = MandateAudit.objects.get(action="credentials_submitted")
    stored = StoredCredential.objects.get()
    assert (row.action, row.user_id, row.actor) == (
        "credentials_submitted",
        parent.pk,
        f"user:{parent.pk}",
    )
    assert (row.provider, row.org_ref) == ("skiclubpro", "blackhawk-ski")
    assert (str(row.credential_id), row.session_id) == (body["id"], session_id)
    assert row.metadata["credential_alias"] == "Our family login"
    assert row.metadata["seal_fp"] == services.fingerprint(stored.ciphertext)


@pytest.mark.parametrize("name", ["4111111111111111", "2015-02-03", "0612345678"])
def test_refuses_a_name_of_a_thing_that_is_somebodys_number(client: APIClient, name: str) -> None:
    for field in ("provider", "org_ref"):
        answer = client.post(PATH, LOGIN | {field: name})

        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == [field]
        assert name not in answer.content.decode()
    assert not MandateAudit.objects.exists()


@pytest.mark.parametrize(
    ("offered", "is_ours"),
    [
        ("4111111111111111", True),
        ("2015-02-03", True),
        ("06123456789", True),
        ("camp-2026-07-13", False),
        ("0d4c6a4e-8f0b-4f0e-9a57-3f6f3d7a9b11", False),
    ],
)
def test_is_recorded_with_a_request_id_that_is_nobodys_number(
    client: APIClient, offered: str, is_ours: bool
) -> None:
    answer = client.post(PATH, LOGIN, headers={"X-Request-ID": offered})

    assert entry().metadata["request_id"] == answer["X-Request-ID"]
    assert (answer["X-Request-ID"] != offered) is is_ours


def test_for_all_clubs_of_a_provider_needs_no_org_ref(client: APIClient) -> None:
    without = {name: value for name, value in LOGIN.items() if name != "org_ref"}

    body = client.post(PATH, without).json()

    assert body["org_ref"] == ""
    assert entry().org_ref is None


def test_keeps_the_password_to_the_letter(client: APIClient, parent: User, noon: Any) -> None:
    body = client.post(PATH, LOGIN | {"password": "  \tpass wörd 🔑 "}).json()

    opened = services.open_login(
        user_id=parent.pk,
        credential_id=UUID(body["id"]),
        purpose="reveal",
        session_id=None,
        at=noon,
    )
    assert opened.reveal() == {"email": EMAIL, "password": "  \tpass wörd 🔑 "}


def test_twice_is_a_conflict_that_changes_nothing(client: APIClient) -> None:
    client.post(PATH, LOGIN)
    before = StoredCredential.objects.values().get()

    answer = client.post(PATH, LOGIN | {"password": "another one"})

    assert (answer.status_code, answer.json()["code"]) == (409, "credential_exists")
    assert StoredCredential.objects.values().get() == before
    assert MandateAudit.objects.count() == 1


def test_that_replaces_keeps_the_id_and_is_recorded(client: APIClient) -> None:
    first = client.post(PATH, LOGIN).json()
    before = StoredCredential.objects.get()

    answer = client.post(PATH, LOGIN | {"password": "another one", "replace": True})

    after = StoredCredential.objects.get()
    assert (answer.status_code, answer.json()["id"]) == (200, first["id"])
    assert answer.json()["created_at"] == first["created_at"]
    assert answer.json()["updated_at"] > first["updated_at"]
    assert after.ciphertext != before.ciphertext
    assert entry().action == "credentials_replaced"
    assert entry().metadata["seal_fp"] == services.fingerprint(after.ciphertext)


def test_that_replaces_nothing_is_a_new_one(client: APIClient) -> None:
    answer = client.post(PATH, LOGIN | {"replace": True})

    assert (answer.status_code, entry().action) == (201, "credentials_submitted")


def test_of_the_same_name_is_fine_elsewhere_and_for_others(
    client: APIClient, save_login: SaveLogin, stranger: User
) -> None:
    save_login(stranger)

    codes = [
        client.post(PATH, LOGIN | changes).status_code
        for changes in ({}, {"org_ref": ""}, {"provider": "swimdesk"}, {"alias": "Grandma's"})
    ]

    assert codes == [201] * 4


def test_never_touches_that_of_somebody_else(
    client: APIClient, save_login: SaveLogin, stranger: User
) -> None:
    theirs = save_login(stranger)

    client.post(PATH, LOGIN | {"replace": True})

    theirs_now = StoredCredential.objects.get(pk=theirs.pk)
    assert theirs_now.ciphertext == theirs.ciphertext


def test_that_a_second_tab_saved_a_moment_earlier_is_a_conflict(
    client: APIClient, save_login: SaveLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_login()
    monkeypatch.setattr(  # as it was when this tab looked
        "credentials.models.StoredCredentialQuerySet.first", lambda _: None
    )

    answer = client.post(PATH, LOGIN)

    assert (answer.status_code, answer.json()["code"]) == (409, "credential_exists")
    assert (StoredCredential.objects.count(), MandateAudit.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "name", ["id", "user", "user_id", "key_id", "ciphertext", "created_at", "is_staff"]
)
def test_refuses_fields_that_it_does_not_know(client: APIClient, name: str) -> None:
    answer = client.post(PATH, LOGIN | {name: "x"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"
    assert list(answer.json()["errors"]) == [name]
    assert not StoredCredential.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alias", ""),
        ("alias", "x" * 81),
        ("provider", ""),
        ("provider", "ski club"),
        ("provider", "../admin"),
        ("provider", "x" * 65),
        ("org_ref", "x y"),
        ("org_ref", "x" * 201),
        ("email", "no address"),
        ("email", "x" * 250 + "@example.com"),
        ("password", ""),
        ("password", "x" * 1025),
        ("password", None),
        ("password", ["a list"]),
        ("session_id", "no id"),
        ("replace", "perhaps"),
    ],
)
def test_refuses_what_does_not_fit_and_echoes_no_secret(
    client: APIClient, name: str, value: Any
) -> None:
    answer = client.post(PATH, LOGIN | {name: value})

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [name]
    assert PASSWORD not in answer.content.decode()
    assert EMAIL not in answer.content.decode()
    if name in ("email", "password") and value:
        assert str(value) not in answer.content.decode()
    assert not StoredCredential.objects.exists()


@pytest.mark.parametrize("hidden", ["My\nlogin", "\ufeffOurs", "Ours\u202e", "a\x1fb", "a\u2028b"])
def test_refuses_a_name_with_letters_that_nobody_sees(client: APIClient, hidden: str) -> None:
    answer = client.post(PATH, LOGIN | {"alias": hidden})

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["alias"])
    assert not StoredCredential.objects.exists()


@pytest.mark.parametrize("seen", ["Großmutter", "👩\u200d👧 ski", "لاگین\u200cها", "a\u0301"])
def test_takes_a_name_in_any_script(client: APIClient, seen: str) -> None:
    assert client.post(PATH, LOGIN | {"alias": seen}).json()["alias"] == seen


@pytest.mark.parametrize(
    ("password", "alias"),
    [
        (PASSWORD, f"Ours, {PASSWORD}"),
        (" Winter2026! ", "Winter2026!"),
        ("Winter2026!", "our winter2026! login"),
        ("\uff37inter2026!", "Winter2026!"),
        ("Winter2026!", "\uff37inter2026!"),
        ("Winter2026!x", "x V2ludGVyMjAyNiF4"),
        ("abc", "xabcx"),
        ("   ", "our   login"),
        ("registration", "registration"),
    ],
)
def test_refuses_a_name_that_holds_the_password(
    client: APIClient, password: str, alias: str
) -> None:
    answer = client.post(PATH, LOGIN | {"password": password, "alias": alias})

    assert answer.status_code == 400
    assert answer.json()["errors"] == {"alias": ["Choose a name without your password."]}
    assert not StoredCredential.objects.exists()


@pytest.mark.parametrize(
    ("email", "alias"), [(EMAIL, EMAIL.upper()), ("me@localhost", "I am me@localhost")]
)
def test_refuses_a_name_that_holds_the_email(client: APIClient, email: str, alias: str) -> None:
    answer = client.post(PATH, LOGIN | {"email": email, "alias": alias})

    assert answer.status_code == 400
    assert answer.json()["errors"] == {"alias": ["Choose a name without your e-mail address."]}
    assert not StoredCredential.objects.exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("org_ref", "club-Nightjar7319", "your password"),
        ("org_ref", EMAIL, "your e-mail address"),
        ("provider", "Nightjar7319", "your password"),
    ],
)
def test_refuses_the_login_in_the_name_of_a_club(
    client: APIClient, name: str, value: str, words: str
) -> None:
    answer = client.post(PATH, LOGIN | {"password": "Nightjar7319", name: value})

    assert (answer.status_code, answer.json()["errors"]) == (400, {name: [f"This holds {words}."]})
    assert not StoredCredential.objects.exists()
    assert not MandateAudit.objects.exists()


def test_lets_the_name_of_a_club_be_somebodys_password(client: APIClient) -> None:
    answers = [
        client.post(PATH, LOGIN | {"password": LOGIN[name], "alias": f"My {name}"})
        for name in ("provider", "org_ref")
    ]

    assert [answer.status_code for answer in answers] == [201, 201]


def test_takes_no_session_of_somebody_else(
    client: APIClient, stranger: User, client_of: Callable[[User], APIClient]
) -> None:
    theirs = client_of(stranger).post("/api/v1/sessions").json()["session"]["id"]
    answers = [client.post(PATH, LOGIN | {"session_id": one}) for one in (theirs, str(uuid4()))]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]
    assert not MandateAudit.objects.filter(action="credentials_submitted").exists()
    assert not StoredCredential.objects.exists()


@pytest.mark.parametrize("missing", ["alias", "provider", "email", "password"])
def test_needs_what_makes_a_login(client: APIClient, missing: str) -> None:
    answer = client.post(PATH, {k: v for k, v in LOGIN.items() if k != missing})

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [missing])


@pytest.mark.django_db
def test_needs_somebody_who_is_logged_in() -> None:
    answer = APIClient().post(PATH, LOGIN)

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert not StoredCredential.objects.exists()


@pytest.mark.parametrize("text", ["hunter2", PASSWORD, "", "sa2.x", " sa1.x"])
def test_cannot_be_done_in_plain_text_even_by_sql(save_login: SaveLogin, text: str) -> None:
    save_login()

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE stored_credentials SET ciphertext = %s", [text])


def test_is_undone_where_it_cannot_be_recorded(client: APIClient) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE mandate_audit RENAME TO out_of_reach")

    answer = client.post(PATH, LOGIN)
    acting.watch(connection=connection)  # it may have seen that no role has rights to a ledger

    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert not StoredCredential.objects.exists()
