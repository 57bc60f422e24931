"""Finding a session…"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from sessions_store import services
from sessions_store.models import AgenticCheckoutSession
from sessions_store.services import SessionExpiredError, SessionNotFoundError
from tests.sessions_store.conftest import MakeSession


def columns(session: AgenticCheckoutSession) -> dict[str, Any]:
    names = (field.attname for field in session._meta.concrete_fields)
    return {name: getattr(session, name) for name in names}


def test_returns_every_column_as_it_stands(
    make_session: MakeSession, parent: User, noon: datetime
) -> None:
    session = make_session(state={"org_ref": "blackhawk-ski", "words": ["é", None, 1.5]})
    services.claim(session, intent="select_provider", at=noon)

    found = services.find(user_id=parent.pk, session_id=session.pk, at=noon)

    assert found.get_deferred_fields() == set()
    assert columns(found) == columns(AgenticCheckoutSession.objects.get(pk=session.pk))
    assert found.turn_until == noon + services.LEASE


def test_never_returns_that_of_somebody_else(
    make_session: MakeSession, stranger: User, noon: datetime
) -> None:
    session = make_session()

    with pytest.raises(SessionNotFoundError):
        services.find(user_id=stranger.pk, session_id=session.pk, at=noon)


def test_says_the_same_of_one_that_never_was(parent: User, noon: datetime) -> None:
    with pytest.raises(SessionNotFoundError):
        services.find(user_id=parent.pk, session_id=uuid4(), at=noon)


def test_refuses_one_past_its_time(make_session: MakeSession, parent: User, noon: datetime) -> None:
    session = make_session()

    with pytest.raises(SessionExpiredError):
        services.find(user_id=parent.pk, session_id=session.pk, at=noon + timedelta(hours=24))
