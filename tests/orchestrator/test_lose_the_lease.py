"""When a process stalls past its lease in the midst of a registration…"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from audit.models import MandateAudit
from orchestrator.flow.plan import Plan
from orchestrator.models import RegistrationSubmission
from orchestrator.services import calls, confirming
from orchestrator.services.settling import Settling
from orchestrator.tools.contract import Tool
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import Script, ToolsCallServer

SUBMIT = Tool.SUBMIT_REGISTRATION.mcp_name


def let_the_lease_run_out() -> None:
    AgenticCheckoutSession.objects.update(turn_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def other_tab(chat: Chat, parent: User) -> Callable[[], Chat]:
    """Return the same signup in another window, as it stands."""

    def make() -> Chat:
        other = Chat(parent)
        other.id, other.last = chat.id, chat.read()["last_turn"]
        return other

    return make


def test_sends_nothing_once_another_process_took_over(
    chat: Chat,
    server: ToolsCallServer,
    monkeypatch: pytest.MonkeyPatch,
    other_tab: Callable[[], Chat],
) -> None:
    chat.walk_to("confirmation")
    summary, really_open = chat.summary, calls.open_login
    others: list[Chat] = []

    def stall(*args: Any) -> Any:
        login = really_open(*args)
        if not others:
            others.append(other_tab())
            let_the_lease_run_out()
            others[0].say("are you there?")
        return login

    monkeypatch.setattr(calls, "open_login", stall)
    chat.press("confirm_registration", summary=summary)
    assert (chat.status, chat.last["code"]) == (409, "session_conflict")
    assert server.count(SUBMIT) == 0
    assert RegistrationSubmission.objects.get().status == "not_created"
    assert others[0].status == 200


def test_leaves_the_row_as_sent_when_it_was_sent_before_the_other_looked(
    chat: Chat,
    server: ToolsCallServer,
    monkeypatch: pytest.MonkeyPatch,
    other_tab: Callable[[], Chat],
) -> None:
    """The other process has read `intent`, and `sent` is committed before its transaction."""
    chat.walk_to("confirmation")
    really_mark = Settling.mark_sent
    others: list[Chat] = []

    def mark(settling: Settling) -> bool:
        others.append(other_tab())
        let_the_lease_run_out()
        marked: list[bool] = []

        class Reading:
            @staticmethod
            def from_state(step: str, state: Mapping[str, Any]) -> Plan:
                marked.append(really_mark(settling))
                return Plan.from_state(step, state)

        with monkeypatch.context() as patch:
            patch.setattr(confirming, "Plan", Reading)
            others[0].say("are you there?")
        return marked[0]

    monkeypatch.setattr(Settling, "mark_sent", mark)
    chat.press("confirm_registration", summary=chat.summary)
    assert server.count(SUBMIT) == 1
    assert RegistrationSubmission.objects.get().status == "confirmed"
    # whoever marks it as sent is alive, and has its lease lengthened
    assert (others[0].status, others[0].last["code"]) == (409, "turn_in_progress")
    others[0].press("confirm_registration", summary="again")
    assert (others[0].status, others[0].last["code"]) == (409, "session_closed")
    assert len(server.bookings) == 1


def test_still_says_202_when_the_answer_comes_late_and_unclear(
    chat: Chat,
    server: ToolsCallServer,
    monkeypatch: pytest.MonkeyPatch,
    other_tab: Callable[[], Chat],
) -> None:
    chat.walk_to("confirmation")
    server.script(SUBMIT, Script(cut=True))
    really_call = calls.call

    def slow(*args: Any) -> Any:
        try:
            return really_call(*args)
        finally:
            let_the_lease_run_out()
            other_tab().say("are you there?")

    monkeypatch.setattr(calls, "call", slow)
    chat.press("confirm_registration", summary=chat.summary)
    assert (chat.status, chat.last["meta"]["code"]) == (202, "submission_outcome_unknown")
    assert chat.last["meta"]["status_url"]
    assert chat.trail().count("registration_outcome_unknown") == 1


def test_keeps_a_yes_that_came_after_it_was_settled_otherwise(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    really_call = calls.call

    def settled_meanwhile(*args: Any) -> Any:
        answer = really_call(*args)
        RegistrationSubmission.objects.update(status="not_created")
        return answer

    monkeypatch.setattr(calls, "call", settled_meanwhile)
    chat.press("confirm_registration", summary=chat.summary)
    assert (chat.status, chat.last["code"]) == (409, "session_conflict")
    row = RegistrationSubmission.objects.get()
    assert row.status == "needs_operator"
    assert row.late_answer_at
    [booking] = server.bookings.values()
    assert row.response == {"message": None} | booking
    alarm = MandateAudit.objects.get(action="registration_needs_operator")
    assert (alarm.actor, alarm.metadata["reason"]) == ("system", "late_answer")
    assert not MandateAudit.objects.filter(action="registration_completed").exists()


def test_lets_a_dead_signup_be_deleted(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """The end of the process."""

    def die(*_: Any) -> None:
        raise Killed

    chat.walk_to("confirmation")
    summary = chat.summary
    with monkeypatch.context() as patch:
        patch.setattr(calls, "open_login", die)
        with pytest.raises(Killed):
            chat.press("confirm_registration", summary=summary)
    let_the_lease_run_out()
    assert chat.client.delete(f"/api/v1/sessions/{chat.id}").status_code == 204
    assert RegistrationSubmission.objects.get().status == "not_created"


def test_shows_a_reloaded_page_that_it_is_being_sent(
    chat: Chat,
    server: ToolsCallServer,
    monkeypatch: pytest.MonkeyPatch,
    other_tab: Callable[[], Chat],
) -> None:
    chat.walk_to("confirmation")
    really_call = calls.call
    seen: list[dict[str, Any]] = []

    def look(*args: Any) -> Any:
        seen.append(other_tab().last)
        return really_call(*args)

    monkeypatch.setattr(calls, "call", look)
    chat.press("confirm_registration", summary=chat.summary)
    [turn] = seen
    assert turn["session"]["status"] == "submitting"
    assert "being sent" in turn["message"]
    assert (turn["cards"], turn["cta"]) == ([], [])
    assert (
        turn["meta"]["status_url"]
        == f"/api/v1/submissions/{RegistrationSubmission.objects.get().pk}"
    )


@pytest.mark.parametrize("look", ["session", "submission"])
def test_tells_whoever_looks_what_is_known_after_a_crash(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch, look: str
) -> None:
    class Killed(BaseException):
        """The end of the process."""

    def die(*_: Any) -> None:
        raise Killed

    chat.walk_to("confirmation")
    summary = chat.summary
    with monkeypatch.context() as patch:
        patch.setattr(calls, "call", die)
        with pytest.raises(Killed):
            chat.press("confirm_registration", summary=summary)
    row = RegistrationSubmission.objects.get()
    assert chat.client.get(f"/api/v1/submissions/{row.pk}").json()["status"] == "sent"
    let_the_lease_run_out()
    if look == "submission":
        shown = chat.client.get(f"/api/v1/submissions/{row.pk}").json()
        assert shown["status"] == "outcome_unknown"
    assert chat.read()["last_turn"]["meta"]["code"] == "submission_outcome_unknown"
