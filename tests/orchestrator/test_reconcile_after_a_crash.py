"""Looking into a registration survives the end of its own process, between any two writes…"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from audit import services as audit
from credentials import services as vault
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import calls, confirming
from orchestrator.submissions import ledger, watch
from sessions_store import services as store
from tests.orchestrator.chat import Chat
from tests.orchestrator.unclear import (
    FIRST,
    SUBMIT,
    TEN,
    Killed,
    leave_unclear,
    look,
    patient_server,
    records,
)
from tests.servers.tools_call_server import Script, ToolsCallServer

AFTER = FIRST + timedelta(seconds=91)  # the lease of the run that died is over

BEFORE_ANYTHING_LEAVES = [
    (vault, "open_login"),
    (watch, "write_send"),
    (watch, "keep"),
]
AFTER_IT_LEFT = [
    (calls, "recorded"),  # the answer is there, and nothing of it written
    (confirming, "conclude"),
    (ledger, "settle"),
    (confirming, "follow"),  # inside the transaction that settles
    (store, "finish"),
]


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use."""
    yield from patient_server(settings)


def die_before(owner: Any, name: str, patch: pytest.MonkeyPatch) -> None:
    def die(*_: Any, **__: Any) -> Any:
        raise Killed

    patch.setattr(owner, name, die)


def die_after(owner: Any, name: str, patch: pytest.MonkeyPatch) -> None:
    really = getattr(owner, name)

    def do_it_and_die(*args: Any, **kwargs: Any) -> Any:
        really(*args, **kwargs)
        raise Killed

    patch.setattr(owner, name, do_it_and_die)


@pytest.mark.parametrize("die", [die_before, die_after])
@pytest.mark.parametrize(("owner", "name"), [*BEFORE_ANYTHING_LEAVES, *AFTER_IT_LEFT])
def test_books_once_and_tells_the_truth(
    chat: Chat,
    server: ToolsCallServer,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    die: Callable[..., None],
) -> None:
    row = leave_unclear(chat, server, booked=False)
    with monkeypatch.context() as patch:
        die(owner, name, patch)
        with pytest.raises(Killed):
            look(row, FIRST)
    row.refresh_from_db()
    assert row.status in ("outcome_unknown", "confirmed")
    sent = server.count(SUBMIT)
    look(row, FIRST + timedelta(seconds=30))  # another run, while the lease is still on it
    assert server.count(SUBMIT) == sent
    for after in (AFTER, TEN + FIRST):
        look(row, after)
    assert row.status == "confirmed"
    assert server.booked == [str(row.pk)]
    assert len(records("registration_completed")) == 1
    assert (chat.read()["status"], chat.last["step"]) == ("completed", "completed")


def test_has_written_the_send_before_the_first_byte_leaves(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=False)
    with monkeypatch.context() as patch:
        die_before(calls, "recorded", patch)
        with pytest.raises(Killed):
            look(row, FIRST)
    row.refresh_from_db()
    assert row.attempts == 2
    assert server.count(SUBMIT) == 1


def test_settles_row_and_session_together_or_not_at_all(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=True)

    def refuse(*_: Any, **__: Any) -> None:
        raise audit.AuditUnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(store, "finish", refuse)
        tally = look(row, FIRST)
    assert (tally.failed, row.status) == (1, "outcome_unknown")
    assert records("registration_completed") == []
    look(row, AFTER + TEN)
    assert row.status == "confirmed"


def test_sends_nothing_that_cannot_be_recorded(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=True)

    def refuse(**_: Any) -> None:
        raise audit.AuditUnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(vault, "open_login", refuse)
        tally = look(row, FIRST)
    assert (tally.failed, server.count(SUBMIT), row.attempts) == (1, 1, 1)
    assert row.status == "outcome_unknown"


def test_lets_a_run_that_lost_its_lease_decide_nothing(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.lists_keys, server.looks_up = False, True
    row = leave_unclear(chat, server, booked=False)
    RegistrationSubmission.objects.update(lookups=5)
    really_call = calls.recorded

    def slow(*args: Any, **kwargs: Any) -> Any:
        try:
            return really_call(*args, **kwargs)
        finally:  # meanwhile another run has it
            RegistrationSubmission.objects.update(lease_token=row.pk)

    with monkeypatch.context() as patch:
        patch.setattr(calls, "recorded", slow)
        look(row, TEN)
    assert (row.status, row.lookups) == ("outcome_unknown", 5)
    assert row.lease_token == row.pk


@pytest.mark.parametrize("refuse", ["program_full", "already_registered"])
def test_lets_a_run_that_lost_its_lease_turn_nothing_down(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch, refuse: str
) -> None:
    row = leave_unclear(chat, server, booked=False)
    server.script(SUBMIT, Script(refuse=refuse))
    really_call = calls.recorded

    def slow(*args: Any, **kwargs: Any) -> Any:
        try:
            return really_call(*args, **kwargs)
        finally:
            RegistrationSubmission.objects.update(lease_token=row.pk)

    with monkeypatch.context() as patch:
        patch.setattr(calls, "recorded", slow)
        look(row, FIRST)
    assert row.status == "outcome_unknown"


def test_believes_a_yes_even_without_the_lease(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=True)
    really_call = calls.recorded

    def slow(*args: Any, **kwargs: Any) -> Any:
        answer = really_call(*args, **kwargs)
        RegistrationSubmission.objects.update(lease_token=row.pk)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(calls, "recorded", slow)
        look(row, FIRST)
    assert row.status == "confirmed"


def test_stops_when_it_was_settled_before_the_send(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=True)
    really_open = vault.open_login

    def settled_meanwhile(**kwargs: Any) -> Any:
        confirming.conclude(
            row,
            SubmissionStatus.REJECTED,
            of=[SubmissionStatus.OUTCOME_UNKNOWN],
            at=row.created_at,
        )
        return really_open(**kwargs)

    monkeypatch.setattr(vault, "open_login", settled_meanwhile)
    tally = look(row, FIRST)
    assert (row.status, server.count(SUBMIT), tally.failed) == ("rejected", 1, 0)
