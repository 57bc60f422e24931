"""Beginning a session…"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from audit.models import MandateAudit
from audit.services import AuditUnavailableError
from sessions_store import services
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from tests.orchestrator.chat import Chat
from tests.sessions_store.conftest import MakeSession

ClientOf = Callable[[User], APIClient]


def test_lasts_a_day_from_its_creation(make_session: MakeSession, noon: datetime) -> None:
    session = AgenticCheckoutSession.objects.get(pk=make_session().pk)

    assert (session.created_at, session.updated_at) == (noon, noon)
    assert session.expires_at == noon + timedelta(hours=24)
    assert (session.version, session.status, session.step) == (1, "open", "provider_search")
    assert (session.turn_token, session.turn_until, session.provider_id) == (None, None, "")


def test_lasts_as_long_as_the_settings_say(
    make_session: MakeSession, noon: datetime, settings: Settings
) -> None:
    settings.SESSION_TTL_HOURS = 2

    assert make_session().expires_at == noon + timedelta(hours=2)


def test_keeps_its_end_whatever_happens_in_it(parent: User, noon: datetime) -> None:
    chat = Chat(parent)
    with time_machine.travel(noon, tick=False):
        chat.begin()
    with time_machine.travel(noon + timedelta(hours=20), tick=False):
        chat.say("Blackhawk Ski Club in Middleton")

    session = AgenticCheckoutSession.objects.get()
    assert session.updated_at == noon + timedelta(hours=20)
    assert session.expires_at == noon + timedelta(hours=24)
    assert chat.last["session"]["expires_at"] == "2026-07-15T12:00:00Z"


def test_has_an_answer_from_the_first_moment(make_session: MakeSession) -> None:
    turn = SessionTurn.objects.get(session=make_session())

    assert (turn.seq, turn.intent, turn.outcome) == (1, "start", "done")


def test_is_recorded(make_session: MakeSession, parent: User, noon: datetime) -> None:
    session = make_session()

    row = MandateAudit.objects.get()
    assert (row.action, row.session_id) == ("session_created", session.pk)
    assert (row.user_id, row.actor, row.created_at) == (parent.pk, f"user:{parent.pk}", noon)
    assert row.metadata["sessionId"] == str(session.pk)


def test_is_undone_where_it_cannot_be_recorded(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise AuditUnavailableError

    monkeypatch.setattr(services, "record", refuse)

    with pytest.raises(AuditUnavailableError):
        make_session()

    assert not AgenticCheckoutSession.objects.exists()
    assert not SessionTurn.objects.exists()


def test_is_answered_with_where_it_is(client_of: ClientOf, parent: User, noon: datetime) -> None:
    with time_machine.travel(noon, tick=False):
        answer = client_of(parent).post("/api/v1/sessions")

    session = answer.json()["session"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/sessions/{session['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert list(session) == [
        "id", "step", "status", "version", "provider", "org_ref", "created_at", "expires_at",
    ]  # fmt: skip
    assert (session["created_at"], session["expires_at"]) == (
        "2026-07-14T12:00:00Z",
        "2026-07-15T12:00:00Z",
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "lost"},
        {"turn_token": "0" * 32},
        {"expires_at": datetime.fromisoformat("2026-07-14T12:00:00Z")},
    ],
    ids=["status", "lease without an end", "no lifetime"],
)
def test_follows_laws_that_hold_for_everybody(
    make_session: MakeSession, broken: dict[str, Any]
) -> None:
    session = make_session()

    with pytest.raises(IntegrityError), transaction.atomic():
        AgenticCheckoutSession.objects.filter(pk=session.pk).update(**broken)


def test_keeps_dialogue_in_the_sealed_form_alone(make_session: MakeSession) -> None:
    make_session()

    with pytest.raises(IntegrityError), transaction.atomic():
        SessionTurn.objects.update(body="Emma Larsen, born 2018-05-31")
