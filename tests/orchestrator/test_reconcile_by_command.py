"""Reconciliation by hand, by the worker, and over MCP…"""

import os
import subprocess
import termios
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import Schedule
from pytest_django import Settings

from orchestrator import tasks
from orchestrator.models import RegistrationSubmission
from orchestrator.services import news, reconciling
from orchestrator.services.settling import Settling
from orchestrator.submissions import watch
from orchestrator.tools.toolbox import get_toolbox
from sessions_store.models import AgenticCheckoutSession, JobRun
from tests.orchestrator.chat import Chat
from tests.orchestrator.test_reconcile_in_every_state import LEASE, die_in
from tests.orchestrator.unclear import (
    LOOK_UP,
    SUBMIT,
    another,
    leave_unclear,
    look,
    newest,
    patient_server,
)
from tests.servers.sdk.running import SdkServer
from tests.servers.tools_call_server import ToolsCallServer
from tests.sessions_store.conftest import command


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use."""
    yield from patient_server(settings)


def reconcile(*words: str) -> str:
    out = StringIO()
    call_command("reconcile_submissions", *words, stdout=out)
    return out.getvalue()


def make_due(row: RegistrationSubmission) -> None:
    """Move it back by a minute, as if it had been sent then."""
    earlier = timezone.now() - timedelta(seconds=61)
    RegistrationSubmission.objects.filter(pk=row.pk).update(sent_at=earlier, check_at=earlier)


def test_says_what_it_did_a_line_each(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    make_due(row)
    said = reconcile().splitlines()
    assert said == [f"{row.pk} outcome_unknown -> confirmed", "1 looked at: 1 confirmed."]
    assert reconcile() == "0 looked at.\n"


def test_only_lists_in_a_dry_run(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    make_due(row)
    said = reconcile("--dry-run")
    assert said == f"{row.pk} outcome_unknown\n1 due: 1 outcome_unknown.\n"
    row.refresh_from_db()
    assert (row.status, server.count(SUBMIT), server.lists) == ("outcome_unknown", 1, 0)


def test_goes_on_until_none_is_left(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "MOST_PER_RUN", 1)
    row = leave_unclear(chat, server, booked=True)
    make_due(row)
    for number in range(2):
        make_due(another(row, number))
    *each, said = reconcile().splitlines()
    assert (len(each), said) == (3, "3 looked at: 3 confirmed.")


def test_goes_on_when_nobody_reads_any_more(chat: Chat, server: ToolsCallServer) -> None:
    row = leave_unclear(chat, server, booked=True)
    rows = [row, another(row, 1)]
    for one in rows:
        make_due(one)
    theirs, ours = os.pipe()
    os.close(theirs)
    with os.fdopen(ours, "w") as out:
        call_command("reconcile_submissions", stdout=out)
    for one in rows:
        one.refresh_from_db()
    assert [one.status for one in rows] == ["confirmed", "confirmed"]


def test_says_what_is_left_where_it_gets_no_further(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "MOST_PER_RUN", 1)
    row = leave_unclear(chat, server, booked=True)
    for one in (row, another(row, 1)):
        make_due(one)
    monkeypatch.setattr(watch, "take", lambda *_, **__: None)  # others have them all
    with pytest.raises(CommandError, match=r"0 looked at: 1 left\."):
        reconcile()


def test_fails_where_nobody_could_be_asked(chat: Chat, server: ToolsCallServer) -> None:
    make_due(leave_unclear(chat, server, booked=True))
    server.token = "another token"
    with pytest.raises(CommandError, match=r"1 looked at: 1 outcome_unknown, 1 not asked about\."):
        reconcile()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_draws_a_bar_only_when_a_person_watches(capsys: pytest.CaptureFixture[str]) -> None:
    words, env = command("reconcile_submissions")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(
        words, env=env, stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as process:
        os.close(theirs)
        said, _ = process.communicate(timeout=60)
    drawn = os.read(ours, 1000)
    os.close(ours)
    assert (process.returncode, said) == (0, "0 looked at.\n")
    assert b"registration" in drawn
    call_command("reconcile_submissions")  # what it writes is kept here, where nobody watches
    assert tuple(capsys.readouterr()) == ("0 looked at.\n", "")


def test_is_done_by_the_worker_and_the_news_after_it(
    chat: Chat, server: ToolsCallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = leave_unclear(chat, server, booked=True)
    make_due(row)
    found: list[str] = []

    def mail(**_: object) -> int:
        found.append(newest().status)
        return 1

    monkeypatch.setattr(news, "send_due", mail)
    said = tasks.reconcile_submissions()
    assert (said, found) == ("1 looked at: 1 confirmed; 1 mailed", ["confirmed"])
    run = JobRun.objects.get(job="reconcile_submissions")
    assert (run.outcome, run.detail) == ("done", said)


@pytest.mark.django_db
def test_is_scheduled_every_minute_and_answers_are_forgotten_every_hour() -> None:
    jobs = Schedule.objects.filter(func__startswith="orchestrator.")
    assert {(job.func, job.schedule_type, job.cron) for job in jobs} == {
        ("orchestrator.tasks.reconcile_submissions", "C", "* * * * *"),
        ("orchestrator.tasks.forget_answers", "C", "17 * * * *"),
        ("orchestrator.tasks.forget_logins", "C", "47 * * * *"),
        ("orchestrator.tasks.seal_audit", "C", "* * * * *"),
    }
    assert tasks.forget_answers() == "0 forgotten"


@pytest.mark.once
@pytest.mark.parametrize("sdk", ["sdk-2x-stateless-json", "sdk-2x-handshake-sse"], indirect=True)
def test_works_over_mcp(
    chat: Chat, sdk: SdkServer, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.MCP_TIMEOUT_SECONDS = 20
    get_toolbox.cache_clear()
    die_in(monkeypatch, Settling, "mark_sent", chat)  # nothing has left
    AgenticCheckoutSession.objects.all().delete()
    row = newest()
    RegistrationSubmission.objects.update(status="sent", sent_at=timezone.now(), attempts=1)
    row.refresh_from_db()
    look(row, LEASE)
    assert (row.status, row.attempts, row.source) == ("confirmed", 2, "mcp")
    assert [call["idempotency_key"] for call in sdk.calls(LOOK_UP)] == [str(row.pk)]
    [sent] = sdk.calls(SUBMIT)
    assert sent["idempotency_key"] == str(row.pk)
