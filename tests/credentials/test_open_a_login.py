"""Opening a login…"""

import copy
import json
import logging
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from credentials import sealing, services
from credentials.models import StoredCredential
from credentials.services import (
    CredentialNotFoundError,
    CredentialUnreadableError,
    KeyUnavailableError,
    OpenedLogin,
)
from orchestrator.tools.contract import Tool
from orchestrator.tools.mock.tools import MockReads
from tests.credentials.conftest import ANOTHER_KEY, EMAIL, PASSWORD, SaveLogin, openings_refused
from tests.orchestrator.chat import Chat


@pytest.fixture
def open_it(parent: User, noon: datetime) -> Callable[..., OpenedLogin]:
    """Open a login as the parent, for a signup, at noon."""

    def do(credential_id: UUID, **changes: Any) -> OpenedLogin:
        usual: dict[str, Any] = {
            "user_id": parent.pk,
            "purpose": "find_programs",
            "session_id": None,
            "at": noon,
        }
        return services.open_login(credential_id=credential_id, **usual | changes)

    return do


OpenIt = Callable[..., OpenedLogin]


def records() -> list[MandateAudit]:
    """What was recorded of openings, oldest first."""
    rows = MandateAudit.objects.filter(action__startswith="credentials_access")
    return list(rows.order_by("created_at", "id"))


def row_of(credential: StoredCredential) -> dict[str, Any]:
    return {**StoredCredential.objects.filter(pk=credential.pk).values().get()}


def test_returns_what_was_saved(save_login: SaveLogin, open_it: OpenIt) -> None:
    opened = open_it(save_login().pk)

    assert opened.reveal() == {"email": EMAIL, "password": PASSWORD}


def test_is_recorded_with_when_and_what_for(
    save_login: SaveLogin, open_it: OpenIt, parent: User, noon: datetime
) -> None:
    login, session_id = save_login(), uuid4()

    open_it(login.pk, session_id=session_id)

    (row,) = records()
    assert (row.action, row.user_id, row.actor) == (
        "credentials_accessed",
        parent.pk,
        f"user:{parent.pk}",
    )
    assert (row.credential_id, row.session_id, row.created_at) == (login.pk, session_id, noon)
    assert (row.provider, row.org_ref) == ("skiclubpro", "blackhawk-ski")
    assert row.metadata == {
        "credential_alias": "Our family login",
        "accessed_at": "2026-07-14T12:00:00Z",
        "purpose": "find_programs",
        "key_id": login.key_id,
        "seal_fp": services.fingerprint(login.ciphertext),
        "sessionId": str(session_id),
        "provider": "skiclubpro",
        "org_ref": "blackhawk-ski",
        "request_id": None,
    }


def test_gives_something_that_stays_where_it_is(save_login: SaveLogin, open_it: OpenIt) -> None:
    opened = open_it(save_login().pk)

    assert f"{opened} {opened!r} {[opened]}".count("<opened login>") == 3
    assert PASSWORD not in f"{opened} {opened!r} {opened.credential!r}"
    for take_away in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            take_away(opened)


def test_works_with_an_older_key_of_the_ring(
    save_login: SaveLogin, open_it: OpenIt, settings: Settings
) -> None:
    login = save_login()
    settings.CRED_SEAL_KEY = f"{ANOTHER_KEY},{settings.CRED_SEAL_KEY}"

    assert open_it(login.pk).reveal()["password"] == PASSWORD


# --- Not this person's ---------------------------------------------------------------------------


def test_of_somebody_else_is_refused_and_recorded_without_a_name(
    save_login: SaveLogin, open_it: OpenIt, stranger: User, parent: User
) -> None:
    theirs = save_login(stranger)

    with pytest.raises(CredentialNotFoundError):
        open_it(theirs.pk)

    (row,) = records()
    assert (row.action, row.user_id) == ("credentials_access_denied", parent.pk)
    assert (row.credential_id, row.provider, row.org_ref) == (theirs.pk, None, None)
    assert row.metadata["credential_alias"] is None
    assert "Our family login" not in str(row.metadata)


def test_of_somebody_else_is_told_apart_from_none_by_nobody(
    save_login: SaveLogin, stranger: User, parent: User, just_logged_in: Callable[..., APIClient]
) -> None:
    client = just_logged_in(parent, at=timezone.now())

    answers = [
        client.post(f"/api/v1/credentials/{one}/reveal", headers={"X-Request-ID": "the-same-id"})
        for one in (save_login(stranger).pk, uuid4())
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert [row.action for row in records()] == ["credentials_access_denied"] * 2


# --- What cannot be opened -----------------------------------------------------------------------


def test_without_its_key_fails_once_in_the_record_and_changes_nothing(
    save_login: SaveLogin, open_it: OpenIt, settings: Settings
) -> None:
    login = save_login()
    before = row_of(login)
    settings.CRED_SEAL_KEY = ANOTHER_KEY

    with pytest.raises(KeyUnavailableError):
        open_it(login.pk)

    (row,) = records()
    assert row.action == "credentials_access_failed"
    assert row.metadata["reason"] == "key_unavailable"
    assert row.metadata["credential_alias"] == "Our family login"
    assert "accessed_at" not in row.metadata
    assert row_of(login) == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-9] + ("A" if text[-9] != "A" else "B") + text[-8:],
        lambda text: text[:-40],
        lambda _: "sa1.",
        lambda _: "sa1.hunter2",
        lambda _: "sa1.é🔑",
    ],
    ids=["a letter", "cut", "empty", "no sealed text", "no text of ours"],
)
def test_after_damage_fails_once_in_the_record_and_changes_nothing(
    save_login: SaveLogin, open_it: OpenIt, damage: Callable[[str], str]
) -> None:
    login = save_login()
    before, damaged = row_of(login), damage(login.ciphertext)
    StoredCredential.objects.update(ciphertext=damaged)

    with pytest.raises(CredentialUnreadableError):
        open_it(login.pk)

    (row,) = records()
    assert (row.action, row.metadata["reason"]) == ("credentials_access_failed", "unreadable")
    assert row_of(login) == {**before, "ciphertext": damaged}


def test_after_damage_to_another_one_works_as_ever(save_login: SaveLogin, open_it: OpenIt) -> None:
    damaged, sound = save_login(), save_login(alias="Another")
    StoredCredential.objects.filter(pk=damaged.pk).update(ciphertext="sa1.damaged")

    with pytest.raises(CredentialUnreadableError):
        open_it(damaged.pk)

    assert open_it(sound.pk).reveal()["password"] == PASSWORD
    assert {row.credential_id: row.action for row in records()} == {
        damaged.pk: "credentials_access_failed",
        sound.pk: "credentials_accessed",
    }


def test_that_holds_no_login_fails_without_saying_what_it_holds(
    save_login: SaveLogin, open_it: OpenIt
) -> None:
    login = save_login()
    place = services.place_of(login)
    sealed = sealing.seal(PASSWORD.encode(), key=services.ring().primary, place=place)
    StoredCredential.objects.update(ciphertext=sealed)

    with pytest.raises(CredentialUnreadableError) as caught:
        open_it(login.pk)

    assert (caught.value.__context__, caught.value.__cause__) == (None, None)
    assert PASSWORD not in str(caught.value)
    assert records()[0].metadata["reason"] == "unreadable"


@pytest.mark.parametrize("moved", ["row", "person", "provider"])
def test_after_a_move_fails(
    save_login: SaveLogin, open_it: OpenIt, stranger: User, moved: str
) -> None:
    login, theirs = save_login(), save_login(stranger)
    mine = StoredCredential.objects.filter(pk=login.pk)
    if moved == "row":
        mine.update(ciphertext=save_login(alias="Another").ciphertext)
    elif moved == "person":
        mine.update(ciphertext=theirs.ciphertext)
    else:
        mine.update(provider="swimdesk")

    with pytest.raises(CredentialUnreadableError):
        open_it(login.pk)


def test_after_it_was_deleted_and_put_back_fails_once_until_its_owner_saves_it_again(
    save_login: SaveLogin, open_it: OpenIt, parent: User, noon: datetime
) -> None:
    login = save_login()
    services.delete(user_id=parent.pk, credential_id=login.pk, at=noon)
    login.save(force_insert=True)
    before = row_of(login)

    with pytest.raises(CredentialUnreadableError):
        open_it(login.pk)

    (row,) = records()
    assert (row.action, row.metadata["reason"]) == ("credentials_access_failed", "deleted")
    assert row_of(login) == before
    save_login(replace=True, at=noon + timedelta(minutes=1))
    assert open_it(login.pk).reveal()["password"] == PASSWORD


@pytest.mark.parametrize(
    ("key", "text", "status", "code"),
    [
        (ANOTHER_KEY, None, 503, "key_unavailable"),
        (None, "sa1.damaged", 500, "credential_unreadable"),
    ],
)
def test_that_fails_is_told_to_its_owner_in_a_sentence(
    save_login: SaveLogin,
    parent: User,
    just_logged_in: Callable[..., APIClient],
    settings: Settings,
    key: str | None,
    text: str | None,
    status: int,
    code: str,
) -> None:
    login = save_login()
    settings.CRED_SEAL_KEY = key or settings.CRED_SEAL_KEY
    StoredCredential.objects.update(ciphertext=text or login.ciphertext)

    client = just_logged_in(parent, at=timezone.now())
    answer = client.post(f"/api/v1/credentials/{login.pk}/reveal")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"].startswith("This saved login cannot be opened")
    assert [row.action for row in records()] == ["credentials_access_failed"]


# --- Recorded, or not done -----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at_commit", [False, True], ids=["the row", "the commit"])
def test_gives_nothing_where_the_database_refuses(
    save_login: SaveLogin,
    open_it: OpenIt,
    parent: User,
    just_logged_in: Callable[..., APIClient],
    caplog: pytest.LogCaptureFixture,
    at_commit: bool,
) -> None:
    login = save_login()
    client = just_logged_in(parent, at=timezone.now())

    with openings_refused(at_commit=at_commit):
        answer = client.post(f"/api/v1/credentials/{login.pk}/reveal")
        with pytest.raises(AuditUnavailableError):
            open_it(login.pk)

    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert "Retry-After" in answer.headers
    for secret in (PASSWORD, json.dumps(PASSWORD)[1:-1], EMAIL):
        assert secret not in answer.content.decode()
        assert secret not in caplog.text
    assert records() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at_commit", [False, True], ids=["the row", "the commit"])
def test_sends_nothing_to_a_provider_where_the_database_refuses(
    parent: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    at_commit: bool,
) -> None:
    asked: list[Any] = []
    really = MockReads.call

    def listen(tools: MockReads, tool: Tool, args: Any) -> Any:
        asked.append(tool)
        return really(tools, tool, args)

    monkeypatch.setattr(MockReads, "call", listen)
    chat = Chat(parent)
    chat.walk_to("login")
    credential_id, before = chat.save_login(), list(asked)

    with openings_refused(at_commit=at_commit), caplog.at_level(logging.DEBUG):
        chat.press("credentials_submitted", credential_id=credential_id)

    assert (chat.status, chat.last["code"]) == (503, "audit_unavailable")
    assert asked == before
    assert chat.read()["step"] == "login"
    chat.press("credentials_submitted", credential_id=credential_id)
    assert (chat.status, chat.step) == (200, "program_selection")


@pytest.mark.django_db(transaction=True)
def test_refuses_inside_of_a_transaction_that_could_still_undo_the_record(
    save_login: SaveLogin, open_it: OpenIt
) -> None:
    login = save_login()

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        open_it(login.pk)
