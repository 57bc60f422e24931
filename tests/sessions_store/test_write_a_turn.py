"""Writing a turn that waited for nobody…"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from audit.models import MandateAudit
from sessions_store import services
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from sessions_store.services import SessionChangedError, TurnInProgressError
from sessions_store.status import Status
from tests.sessions_store.conftest import MakeSession

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def process_of_noon(monkeypatch: pytest.MonkeyPatch, noon: datetime) -> None:
    """Let this process be one that started before the tests' sessions did."""
    monkeypatch.setattr(services, "PROCESS_STARTED", noon - timedelta(hours=1))


def read(session: AgenticCheckoutSession) -> AgenticCheckoutSession:
    return AgenticCheckoutSession.objects.get(pk=session.pk)


def write(session: AgenticCheckoutSession, at: datetime, **changes: Any) -> int:
    usual: dict[str, Any] = {
        "token": uuid4(),
        "intent": "connect_account",
        "step": "login",
        "status": Status.OPEN,
        "provider_id": "skiclubpro",
        "state": {"org_ref": "blackhawk-ski"},
        "body": lambda seq: f"sa1.answer {seq}",
    }
    return services.write(session, at=at, **usual | changes)


def outcomes(session: AgenticCheckoutSession) -> list[str]:
    turns = SessionTurn.objects.filter(session=session).order_by("seq")
    return list(turns.values_list("outcome", flat=True))


def test_leaves_what_claiming_and_finishing_would(
    make_session: MakeSession, noon: datetime
) -> None:
    session, other, token = make_session(), make_session(), uuid4()

    version = write(session, noon + SECOND, token=token)

    now = read(session)
    assert (version, now.version) == (3, 3)
    assert (now.step, now.status, now.provider_id) == ("login", "open", "skiclubpro")
    assert (now.state, now.updated_at) == ({"org_ref": "blackhawk-ski"}, noon + SECOND)
    assert (now.turn_token, now.turn_until) == (None, None)
    assert (now.created_at, now.expires_at) == (session.created_at, session.expires_at)
    turn = SessionTurn.objects.get(token=token)
    assert (turn.session_id, turn.seq, turn.outcome) == (session.pk, 2, "done")
    assert (turn.intent, turn.body) == ("connect_account", "sa1.answer 2")
    assert turn.created_at == noon + SECOND
    assert (read(other).version, read(other).step) == (1, "provider_search")


def test_is_done_by_one_of_two_who_read_the_same(make_session: MakeSession, noon: datetime) -> None:
    session = make_session()
    same = read(session)
    write(session, noon)

    with pytest.raises(SessionChangedError):
        write(same, noon, step="program_selection")

    assert (read(session).step, read(session).version) == ("login", 3)
    assert outcomes(session) == ["done", "done"]


def test_is_refused_while_a_turn_runs(make_session: MakeSession, noon: datetime) -> None:
    session = make_session()
    services.claim(session, intent="select_provider", at=noon)

    for seen in (session, read(session)):
        with pytest.raises(TurnInProgressError):
            write(seen, noon + 89 * SECOND)

    assert outcomes(session) == ["done", "running"]


def test_takes_over_from_a_turn_whose_lease_ran_out(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    dead = services.claim(session, intent="select_provider", at=noon)

    write(read(session), noon + 90 * SECOND)

    assert outcomes(session) == ["done", "interrupted", "done"]
    assert (read(session).turn_token, read(session).version) == (None, 4)
    assert not services.renew(dead, at=noon)


@pytest.mark.parametrize(
    "changed",
    [
        {"status": Status.CANCELLED},
        {"expires_at": datetime.fromisoformat("2026-07-14T12:00:00.5Z")},
    ],
    ids=["closed", "expired"],
)
def test_is_refused_where_the_session_ended_meanwhile(
    make_session: MakeSession, noon: datetime, changed: dict[str, Any]
) -> None:
    session = make_session()
    AgenticCheckoutSession.objects.update(**changed)

    with pytest.raises(SessionChangedError):
        write(session, noon + SECOND)

    assert outcomes(session) == ["done"]


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.OUTCOME_UNKNOWN])
def test_goes_on_past_the_expiry_where_somebody_is_owed_an_answer(
    make_session: MakeSession, noon: datetime, status: Status
) -> None:
    session = make_session()
    AgenticCheckoutSession.objects.update(status=status)

    write(read(session), noon + timedelta(hours=25))

    assert read(session).status == "open"


def test_never_touches_a_session_of_somebody_else(
    make_session: MakeSession, stranger: Any, noon: datetime
) -> None:
    session = make_session()
    session.user_id = stranger.pk

    with pytest.raises(SessionChangedError):
        write(session, noon)

    assert read(session).version == 1


def test_leaves_nothing_where_the_answer_cannot_be_sealed(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()

    def fail(_: int) -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError), transaction.atomic():
        write(session, noon, body=fail)

    assert (read(session).version, outcomes(session)) == (1, ["done"])


def test_first_after_a_restart_is_recorded_as_a_return(
    make_session: MakeSession, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, later = make_session(), noon + timedelta(hours=2)
    monkeypatch.setattr(services, "PROCESS_STARTED", noon + timedelta(hours=1))

    write(session, later)
    write(read(session), later)

    row = MandateAudit.objects.get(action="session_resumed")
    assert (row.session_id, row.user_id) == (session.pk, session.user_id)
