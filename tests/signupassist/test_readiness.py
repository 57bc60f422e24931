"""`readiness`…"""

import os
import re
import subprocess
import termios
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.models import Schedule
from pytest_django import Settings

from accounts import jwks
from accounts.models import User
from audit import guards
from audit.models import MandateAudit
from credentials.models import StoredCredential
from orchestrator.tools.contract import Tool
from sessions_store.models import AgenticCheckoutSession
from sessions_store.tasks import beat
from signupassist import mails
from signupassist.readiness import audit_trail, phases, session_persistence
from signupassist.readiness.findings import Finding, Grade
from tests.accounts.issuers import SECRET, believe, believed
from tests.credentials.conftest import ANOTHER_KEY
from tests.credentials.rotation import damage, key_ids, put_key_first
from tests.ledger_flush import lift_guards
from tests.orchestrator.chat import Chat
from tests.servers.tools_call_server import ToolsCallServer
from tests.sessions_store.conftest import command

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Settings) -> Iterator[ToolsCallServer]:
    """A real tool server on loopback, in use."""
    with ToolsCallServer() as running:
        settings.USE_REAL_MCP = True
        settings.MCP_SERVER_URL = running.url
        settings.MCP_ACCESS_TOKEN = running.token
        settings.MCP_TRANSPORT = "tools-call"
        settings.MCP_FALLBACK = False
        settings.MCP_MAX_RETRIES = 0
        yield running


def look() -> dict[str, Finding]:
    """Return what is found, by what was looked at."""
    found = [finding for phase in phases.look(timezone.now()) for finding in phase.findings]
    by_name = {finding.what: finding for finding in found}
    assert len(by_name) == len(found)
    return by_name


def grade(what: str) -> Grade:
    return look()[what].grade


def run(*words: str) -> tuple[int, str, str]:
    """Return the exit code, what was printed, and the last sentence of a failure."""
    out = StringIO()
    try:
        call_command("readiness", *words, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), ""


@pytest.fixture
def ready(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker be there and mail be sent; the suite's hasty database passes for sound."""
    beat()
    Schedule.objects.update(next_run=timezone.now())
    settings.MAILS_PARENTS = settings.STAFF_MFA = True
    monkeypatch.setattr(session_persistence, "commits_are_durable", lambda: True)


def test_is_given_where_all_is_there(ready: None, server: ToolsCallServer) -> None:
    code, said, _ = run()
    assert code == 0, said
    lines = said.splitlines()
    assert [line.split("  ")[0] for line in lines[:8]] == [
        "Phase",
        *phases.PHASES,
        "Production score",
    ]
    assert "needed" not in said.replace("Nothing needed is missing.", "")
    assert lines[-1] == "Nothing needed is missing."
    assert "script/test" in said  # what it cannot see it does not claim


def test_counts_what_it_could_look_at(ready: None, server: ToolsCallServer) -> None:
    found = list(phases.look(timezone.now()))
    all_of = [finding for phase in found for finding in phase.findings]
    unseen = sum(finding.grade is Grade.UNSEEN for finding in all_of)
    assert unseen == 2
    assert sum(phase.counted for phase in found) == len(all_of) - unseen
    ok = sum(finding.grade is Grade.OK for finding in all_of)
    score = next(line for line in run()[1].splitlines() if line.startswith("Production score"))
    assert score.split()[2:5] == [str(ok), "of", str(len(all_of) - unseen)]


def test_is_refused_on_samples_and_says_what_to_do(ready: None) -> None:
    code, said, why = run()
    assert (code, why) == (1, "Not ready: 1 needed, see what to do above.")
    assert "Set USE_REAL_MCP=true and MCP_SERVER_URL." in said
    code, said, _ = run("--verbosity=0")
    assert (code, len(said.splitlines())) == (1, 8)


def test_says_that_mail_is_printed_only(ready: None, settings: Settings) -> None:
    assert look()["Mail to parents"].found == "is sent"
    settings.MAILS_PARENTS = mails.reaches_parents(mails.read("consolemail://"))
    found = look()["Mail to parents"]
    assert (found.grade, found.found) == (
        Grade.ADVICE,
        "is printed only, where no parent reads it",
    )


def test_names_the_tools_that_a_server_lacks(settings: Settings, server: ToolsCallServer) -> None:
    assert grade("Tool server") == grade("Way to the server") == Grade.OK
    assert grade("Unclear outcomes") == Grade.OK
    server.hidden.add(Tool.FIND_PROGRAMS.mcp_name)
    assert look()["Tool server"].found == "lacks scp.get_programs"
    server.token = "another"
    assert look()["Tool server"].found == "does not list its tools: auth"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://tools.example:8080", Grade.NEEDED),
        ("https://tools.example", Grade.OK),
        ("http://[::1]:8080", Grade.OK),
        ("http://localhost:8080", Grade.OK),
        ("http://127.0.0.1.example", Grade.NEEDED),
    ],
)
def test_sends_no_login_in_clear_text(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, url: str, expected: Grade
) -> None:
    settings.USE_REAL_MCP, settings.MCP_SERVER_URL = True, url

    class Box:
        def list_tools(self) -> dict[str, frozenset[str]]:
            return {}

    monkeypatch.setattr("signupassist.readiness.mcp_integration.get_toolbox", Box)
    assert grade("Way to the server") == expected
    assert grade("Unclear outcomes") == Grade.ADVICE


def test_sees_a_worker_that_is_not_there() -> None:
    assert grade("Worker") == Grade.NEEDED
    beat()
    Schedule.objects.update(next_run=timezone.now())
    assert grade("Worker") == grade("Background jobs") == grade("Nightly clean-up") == Grade.OK
    Schedule.objects.filter(name="cleanup_sessions").delete()
    assert grade("Nightly clean-up") == grade("Background jobs") == Grade.NEEDED


def test_sees_sessions_that_nobody_cleans_up(parent: User) -> None:
    Chat(parent).begin()
    assert grade("Expired sessions") == Grade.OK
    long_ago = timezone.now() - timedelta(hours=60)
    AgenticCheckoutSession.objects.update(
        created_at=long_ago, expires_at=long_ago + timedelta(hours=24)
    )
    assert grade("Expired sessions") == Grade.NEEDED


def test_sees_a_record_that_was_changed_past_the_guards(parent: User) -> None:
    Chat(parent).begin()
    assert grade("Hashes of the newest rows") == Grade.OK
    lift_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mandate_audit SET actor = 'system'")
    changed = look()["Hashes of the newest rows"]
    assert (changed.grade, changed.found) == (Grade.NEEDED, "1 of 1 do not hold")
    assert str(MandateAudit.objects.get().pk) in changed.remedy


def test_sees_a_record_that_nobody_seals(parent: User) -> None:
    assert grade("Sealing") == grade("Newest checkpoint") == Grade.OK
    Chat(parent).begin()
    found = {
        finding.what: finding for finding in audit_trail.look(timezone.now() + timedelta(hours=1))
    }
    assert found["Sealing"].grade == found["Newest checkpoint"].grade == Grade.NEEDED
    assert grade("Published checkpoints") == Grade.ADVICE


def test_sees_a_ledger_without_its_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "missing", lambda _: ["mandate_audit_no_change"])
    assert look()["Triggers that refuse changes"].found == "missing: mandate_audit_no_change"


def test_sees_commits_that_do_not_wait() -> None:
    assert look()["Commits"].found == "do not wait for the disk"  # the suite's own are hasty


def test_counts_what_needs_a_missing_key(parent: User, settings: Settings) -> None:
    chat = Chat(parent)
    chat.walk_to("login")
    chat.save_login()
    assert grade("Keys") == grade("Logins") == grade("Openings") == Grade.OK
    [old] = key_ids()

    put_key_first(settings)
    assert (grade("Keys"), grade("Logins"), grade("Openings")) == ("ok", "advice", "ok")

    settings.CRED_SEAL_KEY = ANOTHER_KEY
    found = look()
    assert found["Keys"].found.startswith(f"{old} is missing, and is needed by 1 login, ")
    assert found["Keys"].grade == found["Openings"].grade == Grade.NEEDED
    assert found["Logins"].found == "1 not sealed with the first key"


def test_tries_to_open_some_logins(parent: User) -> None:
    chat = Chat(parent)
    chat.walk_to("login")
    chat.save_login()
    damage(StoredCredential.objects.get())
    assert look()["Openings"].found == "1 of 1 login found not to hold"


def test_asks_the_issuers_of_other_log_ins_for_their_keys(settings: Settings) -> None:
    assert "Log-ins from elsewhere" not in look()
    with believed(settings) as issuer:
        heard = look()["Log-ins from elsewhere"]
        issuer.die()
        jwks.key_set.cache_clear()
        silent = look()["Log-ins from elsewhere"]

    assert (heard.grade, heard.found) == (Grade.OK, "1 issuer, with keys")
    assert silent.grade is Grade.ADVICE
    assert silent.found == f"no keys from {issuer.url.removeprefix('http://')}"


def test_asks_no_issuer_where_tokens_are_signed_with_a_secret(settings: Settings) -> None:
    believe(settings, supabase_secret=SECRET)

    assert "Log-ins from elsewhere" not in look()


def test_does_not_like_debug_mode_or_a_cache_that_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert grade("Error pages") == grade("Cache and shared limits") == Grade.OK
    settings.DEBUG = True
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert grade("Error pages") == grade("Cache and shared limits") == Grade.NEEDED


def test_goes_on_where_the_database_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OperationalError("canary: host and user of the database")

    monkeypatch.setattr(connection, "cursor", gone)
    found = list(phases.look(timezone.now()))
    assert [phase.name for phase in found] == list(phases.PHASES)
    assert found[0].findings[-1].found == "cannot be looked at: OperationalError"
    code, said, _ = run()
    assert (code, "canary" in said) == (1, False)


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_draws_a_bar_only_when_a_person_watches() -> None:
    words, env = command("readiness")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(
        words, env=env, stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as process:
        os.close(theirs)
        said, _ = process.communicate(timeout=60)
    drawn = os.read(ours, 10_000).decode()
    os.close(ours)
    assert process.returncode == 1
    assert "phase" in drawn
    assert said.startswith("Phase ")
    assert "wait for the disk" in said  # as in production
    assert "do not wait" not in said
    piped = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=60)
    missed = re.findall(r"^  needed  (.+?)  ", piped.stdout, re.MULTILINE)
    assert {"Worker", "Provider tools"} <= set(missed)
    what = f"Not ready: {len(missed)} needed, see what to do above."
    assert piped.stderr == f"CommandError: {what}\n"
