"""A login in which one bit is flipped, so that its text is none…

Only SQLite keeps such a text.
"""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from credentials import selectors
from credentials.models import StoredCredential
from credentials.services import ring
from credentials.verification import Flaw, walk
from tests.credentials.conftest import LOGIN, PASSWORD, SaveLogin
from tests.credentials.rotation import put_key_first

pytestmark = pytest.mark.once

API = "/api/v1/credentials"
IN_KEY_ID, IN_SECRET = 7, 200


def flip_a_bit(credential: StoredCredential, place: int) -> bytes:
    """Set the highest bit of a letter in the database, and return the bytes that lie there now."""
    raw = bytearray(credential.ciphertext.encode())
    raw[place] ^= 0x80
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE stored_credentials SET ciphertext = CAST(%s AS TEXT) WHERE alias = %s",
            [bytes(raw), credential.alias],
        )
    return bytes(raw)


def lies_there(credential: StoredCredential) -> bytes:
    with connection.cursor() as cursor:
        asked = "SELECT CAST(ciphertext AS BLOB) FROM stored_credentials WHERE alias = %s"
        return bytes(cursor.execute(asked, [credential.alias]).fetchone()[0])


@pytest.fixture(params=[IN_KEY_ID, IN_SECRET], ids=["in the key's id", "in the secret"])
def damaged(save_login: SaveLogin, request: pytest.FixtureRequest) -> StoredCredential:
    credential = save_login()
    flip_a_bit(credential, request.param)
    return credential


@pytest.fixture
def sound(save_login: SaveLogin) -> StoredCredential:
    return save_login(alias="Another")


@pytest.fixture
def api(parent: User, just_logged_in: Callable[..., APIClient]) -> APIClient:
    return just_logged_in(parent, at=timezone.now())


def test_fails_once_in_the_record_and_is_kept_and_others_open(
    api: APIClient, damaged: StoredCredential, sound: StoredCredential
) -> None:
    before = lies_there(damaged)

    refused, opened = (api.post(f"{API}/{one.pk}/reveal") for one in (damaged, sound))

    assert (refused.status_code, refused.json()["code"]) == (500, "credential_unreadable")
    assert opened.json()["password"] == PASSWORD
    records = MandateAudit.objects.filter(credential_id=damaged.pk, action__contains="access")
    assert [(row.action, row.metadata["reason"]) for row in records] == [
        ("credentials_access_failed", "unreadable")
    ]
    assert lies_there(damaged) == before


def test_is_listed_with_the_others(
    api: APIClient, client: Client, parent: User, damaged: StoredCredential, sound: Any
) -> None:
    client.force_login(parent)

    assert len(api.get(API).json()["results"]) == 2
    assert client.get("/mandates-audit/logins").content.count(b'<li class="login"') == 2


def test_can_be_replaced(api: APIClient, damaged: StoredCredential) -> None:
    answer = api.post(API, LOGIN | {"replace": True, "password": "a new one"})

    assert (answer.status_code, answer.json()["id"]) == (200, str(damaged.pk))
    assert api.post(f"{API}/{damaged.pk}/reveal").json()["password"] == "a new one"
    assert [flaw for batch in walk(batch_size=9) for _, flaw in batch] == [None]


def test_can_be_deleted(api: APIClient, damaged: StoredCredential) -> None:
    assert api.delete(f"{API}/{damaged.pk}").status_code == 204
    assert not StoredCredential.objects.exists()


@pytest.mark.parametrize("command", ["verify_credentials", "reseal_credentials"])
def test_is_named_and_gone_past(
    settings: Settings, damaged: StoredCredential, sound: StoredCredential, command: str
) -> None:
    put_key_first(settings)
    said = StringIO()

    with pytest.raises(CommandError, match=r"1 of 2 logins do|1 login sealed .* 1 left"):
        call_command(command, stdout=StringIO(), stderr=said)

    assert said.getvalue() == f"{damaged.pk}: {Flaw.UNREADABLE}.\n"


def test_stops_nobody_who_counts_keys(damaged: StoredCredential, sound: StoredCredential) -> None:
    [use] = selectors.key_uses(ring())
    assert use.logins == 1 + (lies_there(damaged)[4:20] == sound.ciphertext.encode()[4:20])
    assert selectors.rows_without_key(ring()) == {}
