"""Sealing logins anew with the primary key…"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit import bulk
from audit.services import AuditUnavailableError
from credentials import resealing, services
from credentials.models import StoredCredential
from credentials.resealing import Progress, due, reseal
from credentials.verification import Flaw
from tests.credentials.conftest import ANOTHER_KEY, SaveLogin
from tests.credentials.rotation import (
    damage,
    is_intact,
    key_ids,
    open_now,
    overwrite,
    put_key_first,
    resealings,
    take_old_keys_away,
)

THIRD_KEY = "61207468697264206b6579206f66207468652073756974652034353637383930"

MakeLogins = Callable[..., list[StoredCredential]]


@pytest.fixture
def make_logins(save_login: SaveLogin) -> MakeLogins:
    """Return a function that saves so many logins of the parent, an hour ago."""
    hour_ago = timezone.now() - timedelta(hours=1)

    def make(number: int = 1, *, named: str = "login") -> list[StoredCredential]:
        return [save_login(alias=f"{named} {one}", at=hour_ago) for one in range(number)]

    return make


def test_gives_each_a_text_of_the_first_key_and_a_record_of_it(
    make_logins: MakeLogins, settings: Settings, parent: User
) -> None:
    before = make_logins(3)
    put_key_first(settings)
    new, old = key_ids()

    assert reseal() == Progress(seen=3, resealed=3)

    assert due() == 0
    for credential in before:
        now = StoredCredential.objects.get(pk=credential.pk)
        assert is_intact(credential)
        assert now.updated_at == credential.updated_at  # its owner changed nothing
        [record] = resealings(credential)
        assert (record.actor, record.user_id) == ("system", parent.pk)
        assert (record.provider, record.org_ref) == (credential.provider, credential.org_ref)
        told = {name: record.metadata[name] for name in ("from", "to", "seal_fp", "was_fp")}
        assert told == {
            "from": old,
            "to": new,
            "seal_fp": services.fingerprint(now.ciphertext),
            "was_fp": services.fingerprint(credential.ciphertext),
        }
        assert record.metadata["credential_alias"] == credential.alias


def test_leaves_what_is_sealed_with_the_first_key(
    make_logins: MakeLogins, settings: Settings
) -> None:
    [older] = make_logins(named="older")
    put_key_first(settings)
    [newer] = make_logins(named="newer")

    assert reseal() == Progress(seen=1, resealed=1)
    assert reseal() == Progress()

    assert StoredCredential.objects.get(pk=newer.pk).ciphertext == newer.ciphertext
    assert (len(resealings(older)), len(resealings(newer))) == (1, 0)


def test_needs_the_old_key_no_more(make_logins: MakeLogins, settings: Settings) -> None:
    [credential] = make_logins()
    put_key_first(settings)
    reseal()
    take_old_keys_away(settings)
    assert is_intact(credential)


def test_goes_on_past_what_cannot_be_opened(
    make_logins: MakeLogins, save_login: SaveLogin, settings: Settings
) -> None:
    damaged, moved, keyless, *sound = make_logins(5)
    damage(damaged)
    overwrite(moved, sound[0].ciphertext)
    with_old_key = settings.CRED_SEAL_KEY
    settings.CRED_SEAL_KEY = THIRD_KEY
    save_login(alias=keyless.alias, replace=True, at=timezone.now())
    settings.CRED_SEAL_KEY = f"{ANOTHER_KEY},{with_old_key}"
    texts = dict(StoredCredential.objects.values_list("pk", "ciphertext"))

    done = reseal(batch_size=2)

    assert done.flawed == {
        damaged.pk: Flaw.UNREADABLE,
        moved.pk: Flaw.UNREADABLE,
        keyless.pk: Flaw.KEY_MISSING,
    }
    assert (done.seen, done.resealed, due()) == (5, 2, 3)
    assert all(is_intact(credential) for credential in sound)
    for credential in (damaged, moved, keyless):
        now = StoredCredential.objects.get(pk=credential.pk)
        assert now.ciphertext == texts[credential.pk]
        assert resealings(credential) == []


def test_bears_no_witness_to_an_old_text_that_was_put_back(
    make_logins: MakeLogins, save_login: SaveLogin, settings: Settings
) -> None:
    [credential] = make_logins()
    half_an_hour_ago = timezone.now() - timedelta(minutes=30)
    save_login(alias=credential.alias, replace=True, at=half_an_hour_ago)
    overwrite(credential, credential.ciphertext)
    put_key_first(settings)

    assert reseal().flawed == {credential.pk: Flaw.NOT_RECORDED}

    assert StoredCredential.objects.get(pk=credential.pk).ciphertext == credential.ciphertext
    assert resealings(credential) == []


def test_leaves_a_deleted_login_that_was_put_back(
    make_logins: MakeLogins, settings: Settings, parent: User
) -> None:
    [credential] = make_logins()
    services.delete(user_id=parent.pk, credential_id=credential.pk, at=timezone.now())
    credential.save(force_insert=True)
    put_key_first(settings)

    assert reseal().flawed == {credential.pk: Flaw.DELETED}

    assert resealings(credential) == []


def test_goes_by_the_text_where_the_label_says_otherwise(
    make_logins: MakeLogins, settings: Settings
) -> None:
    [credential] = make_logins()
    put_key_first(settings)
    StoredCredential.objects.update(key_id=key_ids()[0])
    assert reseal().resealed == 1
    assert is_intact(credential)

    StoredCredential.objects.update(key_id=key_ids()[1])
    assert reseal().resealed == 1
    assert is_intact(credential)


def meanwhile(monkeypatch: pytest.MonkeyPatch, deed: Callable[[StoredCredential], Any]) -> None:
    """Let something happen to a login after it was read and before it is written."""
    honest = resealing._sealed_anew

    def sealed_anew(credential: StoredCredential, *args: Any) -> str:
        deed(credential)
        return honest(credential, *args)

    monkeypatch.setattr(resealing, "_sealed_anew", sealed_anew)


def test_lets_an_edit_meanwhile_win(
    make_logins: MakeLogins,
    save_login: SaveLogin,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edited, other = make_logins(2)
    put_key_first(settings)
    first_key = settings.CRED_SEAL_KEY

    def edit(credential: StoredCredential) -> None:
        if credential.pk == edited.pk:  # by a process that does not know the new key yet
            settings.CRED_SEAL_KEY = first_key.split(",")[1]
            save_login(alias=edited.alias, password="a new one", replace=True, at=timezone.now())
            settings.CRED_SEAL_KEY = first_key

    meanwhile(monkeypatch, edit)
    assert reseal() == Progress(seen=2, resealed=1)

    now = StoredCredential.objects.get(pk=edited.pk)
    assert open_now(now)["password"] == "a new one"
    assert (resealings(edited), is_intact(other)) == ([], True)
    monkeypatch.undo()
    assert due() == 1
    settings.CRED_SEAL_KEY = first_key
    assert reseal() == Progress(seen=1, resealed=1)
    assert open_now(StoredCredential.objects.get(pk=edited.pk))["password"] == "a new one"


def test_brings_nothing_back_that_was_deleted_meanwhile(
    make_logins: MakeLogins, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    [credential] = make_logins()
    put_key_first(settings)
    meanwhile(monkeypatch, lambda one: StoredCredential.objects.filter(pk=one.pk).delete())

    assert reseal() == Progress(seen=1, resealed=0)

    assert not StoredCredential.objects.exists()
    assert resealings(credential) == []


def test_changes_nothing_that_cannot_be_recorded(
    make_logins: MakeLogins, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_logins(3)
    put_key_first(settings)
    texts = set(StoredCredential.objects.values_list("ciphertext", "key_id"))

    def refuse(*_: Any, **__: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(bulk, "insert", refuse)
    with pytest.raises(AuditUnavailableError):
        reseal()

    assert set(StoredCredential.objects.values_list("ciphertext", "key_id")) == texts


def test_stops_at_a_limit_and_goes_on_from_there(
    make_logins: MakeLogins, settings: Settings
) -> None:
    logins = make_logins(5)
    damage(min(logins, key=lambda one: one.pk))  # does not count: it was not sealed
    put_key_first(settings)

    assert (reseal(batch_size=2, limit=3).resealed, due()) == (3, 2)
    assert (reseal(batch_size=2, limit=3).resealed, due()) == (1, 1)


def test_writes_nothing_in_a_dry_run(make_logins: MakeLogins, settings: Settings) -> None:
    damaged, *sound = make_logins(3)
    damage(damaged)
    put_key_first(settings)
    texts = set(StoredCredential.objects.values_list("ciphertext", "key_id"))

    done = reseal(dry_run=True)

    assert (done.resealed, done.flawed) == (2, {damaged.pk: Flaw.UNREADABLE})
    assert set(StoredCredential.objects.values_list("ciphertext", "key_id")) == texts
    assert [resealings(one) for one in sound] == [[], []]


def test_tells_after_each_batch_how_far_it_is(make_logins: MakeLogins, settings: Settings) -> None:
    make_logins(5)
    put_key_first(settings)
    seen: list[int] = []
    reseal(batch_size=2, after_batch=lambda done: seen.append(done.seen))
    assert seen == [2, 4, 5]


def test_opens_and_seals_while_nothing_is_locked(
    make_logins: MakeLogins, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_logins(2)
    put_key_first(settings)
    outside = len(connection.savepoint_ids)
    found: list[int] = []
    meanwhile(monkeypatch, lambda _: found.append(len(connection.savepoint_ids)))
    reseal()
    assert found == [outside, outside]


@pytest.mark.django_db(transaction=True)
def test_is_done_once_where_two_do_it_at_a_time(
    make_logins: MakeLogins, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = make_logins(20)
    put_key_first(settings)
    both_have_read = threading.Barrier(2, timeout=30)
    meanwhile(monkeypatch, lambda one: one.alias.endswith(" 0") and both_have_read.wait())
    done: list[Progress] = []

    def run() -> None:
        try:
            done.append(reseal(batch_size=50))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one.resealed for one in done) == [0, 20]
    assert all(is_intact(one) and len(resealings(one)) == 1 for one in logins)
    assert due() == 0


def test_is_found_by_its_newest_record(make_logins: MakeLogins, settings: Settings) -> None:
    [credential] = make_logins()
    for key in (ANOTHER_KEY, THIRD_KEY):
        put_key_first(settings, key)
        assert reseal() == Progress(seen=1, resealed=1)
    assert len(resealings(credential)) == 2
