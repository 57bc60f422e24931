"""Claiming a turn…"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from audit.models import MandateAudit
from sessions_store import forgetting, services
from sessions_store.models import AgenticCheckoutSession, SessionTurn
from sessions_store.services import (
    Claim,
    LeaseLostError,
    SessionChangedError,
    TurnInProgressError,
)
from sessions_store.status import Status
from tests.sessions_store.conftest import MakeSession

SECOND = timedelta(seconds=1)
BODY = "sa1.an answer"


@pytest.fixture(autouse=True)
def process_of_noon(monkeypatch: pytest.MonkeyPatch, noon: datetime) -> None:
    """Let this process be one that started before the tests' sessions did."""
    monkeypatch.setattr(services, "PROCESS_STARTED", noon - timedelta(hours=1))


def read(session: AgenticCheckoutSession) -> AgenticCheckoutSession:
    return AgenticCheckoutSession.objects.get(pk=session.pk)


def finish(claim: Claim, at: datetime, **changes: Any) -> int:
    usual: dict[str, Any] = {
        "step": "login",
        "status": Status.OPEN,
        "provider_id": "skiclubpro",
        "state": {"org_ref": "blackhawk-ski"},
        "body": BODY,
        "failed": False,
    }
    return services.finish(claim, at=at, **usual | changes)


def outcomes(session: AgenticCheckoutSession) -> list[str]:
    turns = SessionTurn.objects.filter(session=session).order_by("seq")
    return list(turns.values_list("outcome", flat=True))


def answer(session_id: UUID) -> str | None:
    found = services.last_answer(session_id)
    return found.body if found else None


def test_takes_the_session_for_ninety_seconds(make_session: MakeSession, noon: datetime) -> None:
    session = make_session()

    claim = services.claim(session, intent="select_provider", at=noon)

    now = read(session)
    assert (now.turn_token, now.version) == (claim.token, 2)
    assert now.turn_until == noon + timedelta(seconds=90)
    assert now.updated_at == session.updated_at
    turn = SessionTurn.objects.get(token=claim.token)
    assert (turn.seq, turn.intent, turn.outcome) == (2, "select_provider", "running")


def test_is_won_by_one_of_two_who_read_the_same(make_session: MakeSession, noon: datetime) -> None:
    session = make_session()
    same = read(session)
    services.claim(session, intent="select_provider", at=noon)

    with pytest.raises(TurnInProgressError):
        services.claim(same, intent="reject_provider", at=noon)

    assert outcomes(session) == ["done", "running"]


def test_is_refused_to_one_who_read_before_the_last_turn(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    old = read(session)
    finish(services.claim(session, intent="select_provider", at=noon), noon)

    with pytest.raises(SessionChangedError):
        services.claim(old, intent="reject_provider", at=noon)

    assert read(session).version == 3


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
        services.claim(session, intent="select_provider", at=noon + SECOND)


def test_is_refused_where_the_session_is_gone(make_session: MakeSession, noon: datetime) -> None:
    session = make_session()
    AgenticCheckoutSession.objects.all().delete()

    with pytest.raises(SessionChangedError):
        services.claim(session, intent="select_provider", at=noon)


def test_never_touches_that_of_somebody_else(
    make_session: MakeSession, stranger: Any, noon: datetime
) -> None:
    session = make_session()
    session.user_id = stranger.pk

    with pytest.raises(SessionChangedError):
        services.claim(session, intent="select_provider", at=noon)

    assert read(session).version == 1


def test_that_is_finished_writes_all_and_gives_the_session_free(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    claim = services.claim(session, intent="select_provider", at=noon)

    version = finish(claim, noon + SECOND)

    now = read(session)
    assert (version, now.version) == (3, 3)
    assert (now.step, now.status, now.provider_id) == ("login", "open", "skiclubpro")
    assert (now.state, now.updated_at) == ({"org_ref": "blackhawk-ski"}, noon + SECOND)
    assert (now.turn_token, now.turn_until) == (None, None)
    assert outcomes(session) == ["done", "done"]
    assert answer(session.pk) == BODY


def test_that_failed_is_an_answer_too(make_session: MakeSession, noon: datetime) -> None:
    session = make_session()

    finish(services.claim(session, intent="select_provider", at=noon), noon, failed=True)

    assert outcomes(session) == ["done", "failed"]
    assert answer(session.pk) == BODY


def test_that_is_given_up_leaves_the_session_as_it_was(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    claim = services.claim(session, intent="select_provider", at=noon)

    services.give_up(claim, status=Status.OPEN, at=noon + SECOND)

    now = read(session)
    assert (now.step, now.state, now.version) == ("provider_search", {}, 3)
    assert (now.turn_token, now.turn_until) == (None, None)
    assert outcomes(session) == ["done", "failed"]
    assert answer(session.pk) is None


# --- A lease that runs out -----------------------------------------------------------------------


def test_is_held_to_the_last_moment_of_the_lease(make_session: MakeSession, noon: datetime) -> None:
    session = make_session()
    services.claim(session, intent="select_provider", at=noon)

    with pytest.raises(TurnInProgressError):
        services.claim(read(session), intent="retry_search", at=noon + 89 * SECOND)

    assert services.is_turn_running(read(session), noon + 89 * SECOND)
    assert not services.is_turn_running(read(session), noon + 90 * SECOND)


def test_goes_to_another_one_when_the_lease_ran_out(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    services.claim(session, intent="select_provider", at=noon)

    claim = services.claim(read(session), intent="retry_search", at=noon + 90 * SECOND)

    assert read(session).turn_token == claim.token
    assert (claim.seq, claim.version) == (3, 3)
    assert outcomes(session) == ["done", "interrupted", "running"]


def test_that_ends_late_but_alone_is_written(make_session: MakeSession, noon: datetime) -> None:
    session = make_session()
    claim = services.claim(session, intent="select_provider", at=noon)

    finish(claim, noon + 300 * SECOND)

    assert read(session).step == "login"


def test_that_ends_after_another_took_over_is_kept_beside(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    old = services.claim(session, intent="select_provider", at=noon)
    new = services.claim(read(session), intent="retry_search", at=noon + 91 * SECOND)

    with pytest.raises(LeaseLostError):
        finish(old, noon + 92 * SECOND, step="completed", state={"stale": True})

    now = read(session)
    assert (now.step, now.state, now.turn_token) == ("provider_search", {}, new.token)
    assert outcomes(session) == ["done", "orphaned", "running"]
    assert answer(session.pk) is None
    assert finish(new, noon + 93 * SECOND) == 4


def test_that_was_taken_over_is_not_written_whatever_the_version_says(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    claim = services.claim(session, intent="select_provider", at=noon)
    AgenticCheckoutSession.objects.update(turn_token=uuid4())

    with pytest.raises(LeaseLostError):
        finish(claim, noon + SECOND)

    assert read(session).step == "provider_search"


def test_that_was_taken_over_is_no_answer_even_if_it_gives_up(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    old = services.claim(session, intent="select_provider", at=noon)
    new = services.claim(read(session), intent="retry_search", at=noon + 91 * SECOND)
    with pytest.raises(LeaseLostError):
        finish(old, noon + 92 * SECOND)

    services.give_up(old, status=Status.OPEN, at=noon + 92 * SECOND)

    assert read(session).turn_token == new.token
    assert outcomes(session) == ["done", "orphaned", "running"]
    assert answer(session.pk) is None


def test_that_was_interrupted_stays_so_if_it_gives_up(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    old = services.claim(session, intent="select_provider", at=noon)
    services.claim(read(session), intent="retry_search", at=noon + 91 * SECOND)

    services.give_up(old, status=Status.OPEN, at=noon + 92 * SECOND)

    assert outcomes(session) == ["done", "interrupted", "running"]


def test_that_ends_after_the_session_is_gone_writes_nothing(
    make_session: MakeSession, noon: datetime
) -> None:
    session = make_session()
    claim = services.claim(session, intent="select_provider", at=noon)
    forgetting.forget_expired(at=noon + timedelta(hours=25))

    with pytest.raises(LeaseLostError):
        finish(claim, noon + timedelta(hours=25))

    assert not AgenticCheckoutSession.objects.exists()


# --- After a restart -----------------------------------------------------------------------------


def test_first_after_a_restart_is_recorded_as_a_return(
    make_session: MakeSession, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()
    finish(services.claim(session, intent="select_provider", at=noon), noon)
    resumed = MandateAudit.objects.filter(action="session_resumed")
    assert not resumed.exists()

    later = noon + timedelta(hours=2)
    monkeypatch.setattr(services, "PROCESS_STARTED", noon + timedelta(hours=1))
    finish(services.claim(read(session), intent="connect_account", at=later), later)
    finish(services.claim(read(session), intent="connect_account", at=later), later)

    row = resumed.get()
    assert (row.session_id, row.user_id) == (session.pk, session.user_id)
    assert row.provider == "skiclubpro"


def test_after_a_restart_is_nobody_s_return_where_the_worker_makes_it(
    make_session: MakeSession, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()
    finish(services.claim(session, intent="select_provider", at=noon), noon)
    monkeypatch.setattr(services, "PROCESS_STARTED", noon + timedelta(hours=1))

    services.claim(
        read(session), intent="follow_registration", at=noon + timedelta(hours=2), by_person=False
    )

    assert not MandateAudit.objects.filter(action="session_resumed").exists()
