"""What must always hold, through a whole signup…"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection

from audit.models import MandateAudit
from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission
from orchestrator.tools.contract import Tool
from orchestrator.tools.toolbox import RealToolbox, ToolAnswer
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import ANSWERS, SATURDAY, STEPS, Chat
from tests.servers.tools_call_server import ToolsCallServer

SUBMIT = Tool.SUBMIT_REGISTRATION.mcp_name


@contextmanager
def ledger_refusing(monkeypatch: pytest.MonkeyPatch, *, after: int = 0) -> Iterator[None]:
    """Let the ledger take so many more rows, and then refuse every one."""
    written, save = [0], MandateAudit.save

    def refuse(row: MandateAudit, **kwargs: Any) -> None:
        written[0] += 1
        if written[0] > after:
            raise DatabaseError("no more rows")
        save(row, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(MandateAudit, "save", refuse)
        yield


def everything() -> tuple[Any, ...]:
    """Return all that a turn may change, but for leases and versions."""
    return (
        list(AgenticCheckoutSession.objects.values("step", "status", "state", "provider_id")),
        list(RegistrationSubmission.objects.values()),
        list(StoredCredential.objects.values()),
        MandateAudit.objects.count(),
    )


@pytest.mark.django_db(transaction=True)
def test_has_no_transaction_open_while_a_tool_is_called(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_during: list[bool] = []
    really_call = RealToolbox.call

    def call(box: RealToolbox, *args: Any, **kwargs: Any) -> ToolAnswer:
        open_during.append(connection.in_atomic_block)
        return really_call(box, *args, **kwargs)

    monkeypatch.setattr(RealToolbox, "call", call)
    chat.walk_to("completed")
    assert open_during == [False] * 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("step", "action", "payload"),
    [
        ("login", "connect_account", {}),
        ("program_selection", "select_program", {"program_ref": SATURDAY}),
        ("prerequisite_check", "complete_prereqs", {}),
        ("form_fill", "submit_form", {"answers": ANSWERS}),
        ("confirmation", "change_program", {}),
        ("confirmation", "cancel_registration", {}),
        ("confirmation", "reset", {}),
        ("confirmation", "confirm_registration", None),
    ],
)
def test_does_nothing_that_it_cannot_record(
    chat: Chat,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    action: str,
    payload: dict[str, Any] | None,
) -> None:
    chat.walk_to(step)
    payload = {"summary": chat.summary} if payload is None else payload
    before = everything()
    with ledger_refusing(monkeypatch):
        chat.press(action, **payload)
    assert (chat.status, chat.last["code"]) == (503, "audit_unavailable")
    assert everything() == before
    chat.press(action, **payload)
    assert chat.status == 200


@pytest.mark.django_db(transaction=True)
def test_begins_no_session_that_it_cannot_record(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger_refusing(monkeypatch):
        answer = chat.client.post("/api/v1/sessions")
    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
    assert not AgenticCheckoutSession.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_deletes_no_session_that_it_cannot_record(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("form_fill")
    before = everything()
    with ledger_refusing(monkeypatch):
        answer = chat.client.delete(f"/api/v1/sessions/{chat.id}")
    assert answer.status_code == 503
    assert everything() == before
    assert chat.read()["last_turn"]["form"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", [1, 2])
def test_leaves_a_session_that_can_go_on_when_the_ledger_fails_midway(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    chat.walk_to("program_selection")
    with ledger_refusing(monkeypatch, after=after):
        chat.press("select_program", program_ref=SATURDAY)
    assert (chat.status, chat.last["code"]) == (503, "audit_unavailable")
    assert chat.read()["step"] == "program_selection"
    chat.press("select_program", program_ref=SATURDAY)
    assert (chat.status, chat.step) == (200, "prerequisite_check")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", range(6))
def test_tells_the_truth_wherever_the_ledger_fails_while_confirming(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Rows: the action, the registration; the opening; the call; what became of it."""
    chat.walk_to("confirmation")
    with ledger_refusing(monkeypatch, after=after):
        chat.press("confirm_registration", summary=chat.summary)
    if after < 3:
        assert (chat.status, chat.last["code"]) == (503, "audit_unavailable")
        assert server.count(SUBMIT) == 0
    elif after < 5:
        assert (chat.status, chat.last["meta"]["code"]) == (202, "submission_outcome_unknown")
        assert server.count(SUBMIT) == 1
        assert RegistrationSubmission.objects.get().status == "sent"
    else:
        assert chat.last["session"]["status"] == "completed"


def test_walks_every_step(chat: Chat) -> None:
    seen = [chat.walk_to(step)["session"]["step"] for step in STEPS]
    assert seen == STEPS
