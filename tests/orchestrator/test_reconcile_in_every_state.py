"""An unclear registration is looked into whatever has become of its session, its login and us…"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from credentials.models import StoredCredential
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.services import calls, confirming
from orchestrator.services.settling import Settling
from orchestrator.submissions import watch
from orchestrator.tools.mcp.breaker import FAILURES_IN_A_ROW
from orchestrator.tools.toolbox import get_toolbox
from sessions_store.models import AgenticCheckoutSession
from tests.credentials.conftest import ANOTHER_KEY
from tests.orchestrator.chat import Chat
from tests.orchestrator.unclear import (
    A_DAY,
    FIRST,
    LOOK_UP,
    SUBMIT,
    TEN,
    Killed,
    confirm,
    leave_unclear,
    look,
    newest,
    patient_server,
    records,
)
from tests.servers.tools_call_server import Script, ToolsCallServer

MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=91)


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use."""
    yield from patient_server(settings)


def die_in(patch: pytest.MonkeyPatch, owner: object, name: str, chat: Chat) -> None:
    """Confirm, and let the process die on the way."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    chat.walk_to("confirmation")
    with patch.context() as inner:
        inner.setattr(owner, name, die)
        with pytest.raises(Killed):
            confirm(chat)


def wait_for_the_lease(row: RegistrationSubmission) -> None:
    """Let the lease of the turn that died be over, and look."""
    row.sent_at = row.sent_at or row.created_at
    look(row, LEASE)


# --- One whose process died ------------------------------------------------------------------------


def test_says_that_nothing_left_when_it_was_interrupted_before_sending(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_in(monkeypatch, calls, "open_login", chat)
    row = newest()
    wait_for_the_lease(row)
    assert (row.status, row.sealed_request) == ("not_created", "")
    assert row.news_at
    assert server.count(SUBMIT) == 0
    assert (chat.read()["status"], chat.last["step"]) == ("open", "confirmation")


def test_is_no_return_of_the_parent_s_where_they_only_look(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_in(monkeypatch, calls, "open_login", chat)
    long_ago = timezone.now() - timedelta(hours=2)  # before this process began
    AgenticCheckoutSession.objects.update(updated_at=long_ago, turn_until=long_ago)
    assert (chat.read()["status"], chat.last["step"]) == ("open", "confirmation")
    assert records("session_resumed") == []


@pytest.mark.parametrize(("owner", "name"), [(calls, "call"), (Settling, "booked")])
def test_asks_the_provider_when_it_was_interrupted_after_sending(
    chat: Chat,
    server: ToolsCallServer,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
) -> None:
    die_in(monkeypatch, owner, name, chat)
    row = newest()
    wait_for_the_lease(row)  # known to be unclear, and long enough ago to ask at once
    assert row.status == "confirmed"
    assert len(server.booked) == 1
    assert chat.read()["status"] == "completed"


def test_leaves_a_running_turn_alone(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_in(monkeypatch, calls, "call", chat)
    row = newest()
    look(row, timedelta(seconds=30))
    assert (row.status, row.lease_until) == ("sent", None)
    assert chat.read()["status"] == "submitting"


@pytest.mark.parametrize(("name", "ends"), [("open_login", "not_created"), ("call", "confirmed")])
def test_needs_no_session(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch, name: str, ends: str
) -> None:
    die_in(monkeypatch, calls, name, chat)
    AgenticCheckoutSession.objects.all().delete()
    row = newest()
    row.sent_at = row.sent_at or row.created_at
    look(row, timedelta(seconds=80))
    assert row.status in ("intent", "sent")
    wait_for_the_lease(row)
    assert row.status == ends


def test_settles_one_whose_session_is_gone(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    AgenticCheckoutSession.objects.all().delete()
    look(row, FIRST)
    assert row.status == "confirmed"


def test_settles_one_whose_account_is_gone(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    server.looks_up = True
    chat.user.delete()
    look(row, FIRST)
    assert (row.status, server.count(SUBMIT)) == ("confirmed", 1)


def test_looks_after_a_session_that_could_not_follow(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    until = timezone.now() + timedelta(days=1)
    AgenticCheckoutSession.objects.update(turn_until=until)  # a turn holds it
    look(row, FIRST)
    assert row.status == "confirmed"
    assert AgenticCheckoutSession.objects.get().status == "outcome_unknown"
    AgenticCheckoutSession.objects.update(turn_until=None)
    look(row, FIRST + MINUTE)
    assert AgenticCheckoutSession.objects.get().status == "completed"
    assert row.check_at is None


def test_looks_after_a_session_whose_turn_lost_its_lease_to_another(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.walk_to("confirmation")
    really_booked = Settling.booked

    def late(self: Settling, *args: object) -> object:
        expired = timezone.now() - timedelta(seconds=1)
        AgenticCheckoutSession.objects.update(turn_until=expired)
        Chat(chat.user).client.get(f"/api/v1/sessions/{chat.id}")  # another tab takes it over
        return really_booked(self, *args)  # type: ignore[arg-type]  # handed on as it came

    with monkeypatch.context() as patch:
        patch.setattr(Settling, "booked", late)
        confirm(chat)
    row = newest()
    assert row.status == "confirmed"
    assert AgenticCheckoutSession.objects.get().status == "outcome_unknown"
    look(row, timedelta(seconds=5))
    assert AgenticCheckoutSession.objects.get().status == "completed"
    assert (row.check_at, row.lease_token) == (None, None)


# --- The login -------------------------------------------------------------------------------------


def test_uses_the_login_that_replaced_the_first(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    chat.save_login("another pass word", replace=True)
    look(row, FIRST)
    assert row.status == "confirmed"
    passwords = [
        call.args["credentials"]["password"] for call in server.calls if call.tool == SUBMIT
    ]
    assert passwords == ["pass word 1", "another pass word"]


def test_looks_it_up_when_the_login_was_deleted(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=False)
    server.looks_up = True
    StoredCredential.objects.all().delete()
    for minutes in (1, 5, 10):
        look(row, minutes * MINUTE)
    assert (row.status, row.lookups) == ("not_created", 3)
    assert (server.count(LOOK_UP), server.count(SUBMIT)) == (3, 1)


def test_leaves_it_to_a_person_when_the_login_was_deleted_and_nobody_can_look(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=False)
    StoredCredential.objects.all().delete()
    look(row, FIRST)
    assert (row.status, row.error_code) == ("needs_operator", "no_way_to_ask")


def test_waits_for_the_operator_to_bring_back_a_key(
    chat: Chat, server: ToolsCallServer, settings: Settings
) -> None:
    row = leave_unclear(chat, server, booked=True)
    right = settings.CRED_SEAL_KEY
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    look(row, FIRST)
    assert (row.status, row.attempts) == ("outcome_unknown", 1)
    settings.CRED_SEAL_KEY = right
    look(row, FIRST + TEN + MINUTE)
    assert row.status == "confirmed"


def test_waits_for_the_parent_to_replace_a_damaged_login(
    chat: Chat, server: ToolsCallServer
) -> None:
    row = leave_unclear(chat, server, booked=True)
    StoredCredential.objects.update(ciphertext="sa1.0000000000000000.AAAA")
    look(row, FIRST)
    assert (row.status, row.attempts, server.count(SUBMIT)) == ("outcome_unknown", 1, 1)
    chat.save_login(replace=True)
    look(row, FIRST + TEN + MINUTE)
    assert row.status == "confirmed"


# --- Us --------------------------------------------------------------------------------------------


def test_asks_no_provider_about_a_sample(
    chat: Chat, server: ToolsCallServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.USE_REAL_MCP = False
    get_toolbox.cache_clear()
    die_in(monkeypatch, calls, "call", chat)
    settings.USE_REAL_MCP = True
    get_toolbox.cache_clear()
    row = newest()
    assert not row.is_real
    look(row, LEASE)
    assert (row.status, server.calls, server.lists) == ("outcome_unknown", [], 0)
    look(row, A_DAY)
    assert row.status == "needs_operator"


def test_asks_no_samples_about_a_real_one(
    chat: Chat, server: ToolsCallServer, settings: Settings
) -> None:
    row = leave_unclear(chat, server, booked=True)
    settings.USE_REAL_MCP = False
    get_toolbox.cache_clear()
    look(row, FIRST)
    assert row.status == "outcome_unknown"
    settings.USE_REAL_MCP = True
    get_toolbox.cache_clear()
    look(row, FIRST + MINUTE)
    assert row.status == "confirmed"


def test_settles_a_sample_with_the_sample_tools(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_in(monkeypatch, calls, "call", chat)
    row = newest()
    look(row, LEASE)
    assert (row.status, row.source, row.is_real) == ("confirmed", "mock", False)
    assert row.confirmation_ref.startswith("SAMPLE-")
    assert "sample" in chat.read()["last_turn"]["message"].lower()


def test_sends_nothing_while_the_circuit_is_open(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    other = Chat(chat.user)
    other.begin()
    server.script("scp.search_providers", Script(status=500))
    for _ in range(FAILURES_IN_A_ROW):
        other.say("Blackhawk")
    assert get_toolbox().condition().breaker == "open"
    opened = len(records("credentials_accessed"))
    tally = look(row, FIRST)
    assert (row.status, row.attempts, tally.unasked) == ("outcome_unknown", 1, 1)
    assert len(records("credentials_accessed")) == opened


def test_opens_no_login_when_the_circuit_opens_after_the_tools_were_listed(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=True)
    monkeypatch.setattr(get_toolbox(), "accepts_submissions", lambda: False)
    opened = len(records("credentials_accessed"))
    look(row, FIRST)
    assert (row.status, row.attempts) == ("outcome_unknown", 1)
    assert len(records("credentials_accessed")) == opened


def test_lets_one_that_breaks_hold_up_no_other(
    chat: Chat,
    server: ToolsCallServer,
    monkeypatch: pytest.MonkeyPatch,
    parent: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = leave_unclear(chat, server, booked=True)
    broken = RegistrationSubmission.objects.get()
    broken.pk, broken.participant = None, "0" * 64
    broken.id = row.id.__class__(int=1)
    broken.session_id = broken.id
    broken.save(force_insert=True)
    really_take = watch.take

    def take(submission_id: object, **kwargs: object) -> object:
        if submission_id == broken.id:
            raise RuntimeError(chat.user.email)
        return really_take(submission_id, **kwargs)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(watch, "take", take)
    tally = look(row, FIRST)
    assert (row.status, tally.failed) == ("confirmed", 1)
    assert "RuntimeError" in caplog.text
    assert chat.user.email not in caplog.text


def test_even_where_an_older_try_came_from_a_host_whose_clock_is_fast(
    chat: Chat, server: ToolsCallServer
) -> None:
    first = leave_unclear(chat, server, booked=False)
    confirming.conclude(
        first,
        SubmissionStatus.NOT_CREATED,
        of=[SubmissionStatus.OUTCOME_UNKNOWN],
        at=timezone.now(),
    )
    first.created_at += timedelta(hours=1)
    first.save(update_fields=["created_at"])
    chat.last = chat.read()["last_turn"]
    server.script(SUBMIT, Script(cut=True, deed=True), times=1)
    confirm(chat)
    row = RegistrationSubmission.objects.get(status="outcome_unknown")

    look(row, FIRST)

    assert row.status == "confirmed"
    assert chat.read()["status"] == "completed"
