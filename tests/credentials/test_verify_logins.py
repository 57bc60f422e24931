"""Verifying every sealed login…"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.models import MandateAudit
from audit.services import record
from credentials import services, verification
from credentials.models import StoredCredential
from credentials.resealing import reseal
from credentials.verification import Flaw, walk
from tests.credentials.conftest import SaveLogin
from tests.credentials.rotation import damage, overwrite, put_key_first

pytestmark = pytest.mark.django_db


def flaws(batch_size: int = 100) -> dict[UUID, Flaw | None]:
    return {one.pk: flaw for batch in walk(batch_size=batch_size) for one, flaw in batch}


@pytest.fixture
def replace(save_login: SaveLogin) -> Callable[..., str]:
    """Return a function that saves another password, and returns the text it is sealed in now."""

    def make(credential: StoredCredential, *, minutes_ago: float) -> str:
        at = timezone.now() - timedelta(minutes=minutes_ago)
        return save_login(
            alias=credential.alias, password="a new one", replace=True, at=at
        ).ciphertext

    return make


def test_finds_nothing_wrong_with_what_was_saved_replaced_and_sealed_anew(
    save_login: SaveLogin, replace: Callable[..., str], settings: Settings, stranger: User
) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    logins = [save_login(alias=f"{one}", at=hour_ago) for one in range(4)]
    logins.append(save_login(stranger, at=hour_ago))
    replace(logins[0], minutes_ago=30)
    put_key_first(settings)
    reseal()
    replace(logins[1], minutes_ago=-1)

    assert flaws(batch_size=2) == dict.fromkeys([one.pk for one in logins])


def test_finds_an_old_text_that_was_put_back(
    save_login: SaveLogin, replace: Callable[..., str]
) -> None:
    credential = save_login(at=timezone.now() - timedelta(hours=1))
    replace(credential, minutes_ago=30)
    assert flaws() == {credential.pk: None}

    overwrite(credential, credential.ciphertext)
    assert flaws() == {credential.pk: Flaw.NOT_RECORDED}


@pytest.mark.parametrize("seconds", [0.01, 40, -40], ids=["at once", "soon", "by a slow clock"])
def test_finds_an_old_text_however_soon_after_it_the_new_one_came(
    save_login: SaveLogin, replace: Callable[..., str], seconds: float
) -> None:
    now = timezone.now()
    credential = save_login(at=now - timedelta(minutes=30))
    first = replace(credential, minutes_ago=20)
    second = replace(credential, minutes_ago=20 - seconds / 60)
    assert flaws() == {credential.pk: None}

    for old in (credential.ciphertext, first):
        overwrite(credential, old)
        assert flaws() == {credential.pk: Flaw.NOT_RECORDED}
    overwrite(credential, second)
    assert flaws() == {credential.pk: None}


def test_goes_by_the_clock_where_records_do_not_say_what_they_replaced(
    save_login: SaveLogin, replace: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_it_was_once(*, metadata: dict[str, Any], **told: Any) -> None:
        record(metadata={key: metadata[key] for key in metadata.keys() - {"was_fp"}}, **told)

    monkeypatch.setattr(services, "record", as_it_was_once)
    credential = save_login(at=timezone.now() - timedelta(hours=1))
    replace(credential, minutes_ago=30)
    assert flaws() == {credential.pk: None}

    overwrite(credential, credential.ciphertext)
    assert flaws() == {credential.pk: Flaw.NOT_RECORDED}


def test_finds_a_deleted_login_that_was_put_back(save_login: SaveLogin, parent: User) -> None:
    now = timezone.now()
    credential = save_login(at=now)
    row = StoredCredential.objects.filter(pk=credential.pk).values().get()
    slow = now - timedelta(minutes=1)  # its clock: the record comes before that of the saving
    services.delete(user_id=parent.pk, credential_id=credential.pk, at=slow)
    StoredCredential.objects.create(**row)
    assert flaws() == {credential.pk: Flaw.DELETED}

    save_login(replace=True, at=now + timedelta(minutes=1))  # its owner wants it after all
    assert flaws() == {credential.pk: None}


def test_finds_a_text_from_before_the_last_rotation(
    save_login: SaveLogin, settings: Settings
) -> None:
    credential = save_login(at=timezone.now() - timedelta(hours=1))
    put_key_first(settings)
    reseal()
    overwrite(credential, credential.ciphertext)
    assert flaws() == {credential.pk: Flaw.NOT_RECORDED}


def test_finds_a_login_that_nobody_saved(save_login: SaveLogin, parent: User) -> None:
    credential = save_login()
    smuggled = UUID(int=7)
    StoredCredential.objects.create(
        id=smuggled,
        user=parent,
        alias="another",
        provider=credential.provider,
        ciphertext=services.seal_json(
            {"email": "x@ski.example", "password": "smuggled in"},
            table="stored_credentials",
            row_id=smuggled,
            user_id=parent.pk,
            label=credential.provider,
        ),
        key_id=credential.key_id,
    )
    assert flaws() == {smuggled: Flaw.NOT_RECORDED, credential.pk: None}


def test_allows_two_edits_at_once_to_be_recorded_in_either_order(
    save_login: SaveLogin, replace: Callable[..., str]
) -> None:
    credential = save_login(at=timezone.now() - timedelta(hours=1))
    replace(credential, minutes_ago=30.0)
    replace(credential, minutes_ago=30.2)  # came in earlier, and was done last
    assert flaws() == {credential.pk: None}


def test_finds_what_cannot_be_opened_or_says_the_wrong_key(
    save_login: SaveLogin, settings: Settings
) -> None:
    damaged, moved, mislabelled, sound = (save_login(alias=f"{one}") for one in range(4))
    damage(damaged)
    overwrite(moved, sound.ciphertext)
    StoredCredential.objects.filter(pk=mislabelled.pk).update(key_id="0" * 16)

    assert flaws() == {
        damaged.pk: Flaw.UNREADABLE,
        moved.pk: Flaw.UNREADABLE,
        mislabelled.pk: Flaw.MISLABELLED,
        sound.pk: None,
    }


def test_finds_what_needs_a_missing_key(save_login: SaveLogin, settings: Settings) -> None:
    credential = save_login()
    put_key_first(settings)
    settings.CRED_SEAL_KEY = settings.CRED_SEAL_KEY.split(",")[0]
    assert flaws() == {credential.pk: Flaw.KEY_MISSING}


def test_recognises_a_fingerprint_that_looks_like_a_card_number(
    save_login: SaveLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (services, verification):
        monkeypatch.setattr(module, "fingerprint", lambda _: "5378010397129877")
    credential = save_login()
    assert flaws() == {credential.pk: None}


def test_changes_and_records_nothing(save_login: SaveLogin) -> None:
    damage(save_login(alias="damaged"))
    save_login()
    rows, records = list(StoredCredential.objects.values()), MandateAudit.objects.count()
    flaws()
    assert list(StoredCredential.objects.values()) == rows
    assert MandateAudit.objects.count() == records


def test_asks_the_database_twice_for_a_batch(save_login: SaveLogin) -> None:
    for one in range(6):
        save_login(alias=f"{one}")
    with CaptureQueriesContext(connection) as asked:
        assert len(flaws(batch_size=3)) == 6
    assert len(asked) == 5  # two batches with their records, and a look for more
