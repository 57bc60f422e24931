"""The console's first page, tile by tile…"""

import re
from datetime import UTC, timedelta
from html import unescape
from io import StringIO
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from audit.models import Tally
from orchestrator.models import RegistrationSubmission
from orchestrator.tools.toolbox import Condition
from sessions_store.models import AgenticCheckoutSession
from signupassist import worker_health
from signupassist.dashboard import ledger, service
from signupassist.dashboard.tiles import Reader
from signupassist.worker_health import Job, Queue, WorkerHealth
from tests.audit.conftest import needed, sealed
from tests.ledger_flush import lift_guards
from tests.roles import staff_with
from tests.signupassist.board import NOT_AVAILABLE, page_of, record, tile


@pytest.fixture
def auditor(client: Client, db: None) -> Client:
    """Return a client with the rights of auditors and of support."""
    client.force_login(staff_with("auditor", "support"))
    return client


def test_is_friendly_where_nothing_has_happened_yet(auditor: Client) -> None:
    page = page_of(auditor)

    assert "Nothing was done in these 14 days." in tile(page, "actions")
    assert "No signup was started in the past 7 days." in tile(page, "funnel")
    assert "No provider tool was called" in tile(page, "calls")
    assert "No saved login was opened" in tile(page, "openings")
    assert "No signup is under way." in tile(page, "sessions")
    assert "There is no checkpoint yet" in tile(page, "log")
    assert "Everything that was recorded is sealed." in tile(page, "waiting")
    assert "has its key here" in tile(page, "keys")
    assert NOT_AVAILABLE not in page


def test_draws_what_was_done_and_tells_it_in_a_table_too(auditor: Client) -> None:
    session_id, now = uuid4(), timezone.now()
    record(Action.SESSION_CREATED, session_id=session_id)
    record(Action.SESSION_CREATED, session_id=uuid4())
    record(Action.REGISTRATION_COMPLETED, session_id=session_id)
    call = needed(Action.TOOL_FAILED) | {"source": "mcp"}
    record(Action.TOOL_FAILED, 1_200, metadata=call, at=now - timedelta(days=1))
    record(Action.CREDENTIALS_ACCESSED, 3, provider="<script>alert(1)</script>")
    record(Action.CREDENTIALS_ACCESS_DENIED, provider="<script>alert(1)</script>")
    assert sealed(now)

    page = page_of(auditor)

    assert "1,207 actions in 14 days, 7 of them today." in tile(page, "actions")
    assert "<desc" in page
    assert f"{now.astimezone(UTC):%a} {now.day} {now:%b} 2 0 4 1 0 0 7" in tile(page, "actions")
    assert page.count('<rect class="paint-requests"') == 1
    assert "2 signups started, 1 came to a registration (50 %)." in tile(page, "funnel")
    assert "Provider (MCP) 1,200 1,200 failed" in tile(page, "calls")
    assert "more than one in three" in tile(page, "calls")
    assert "<script>alert(1)</script> 3 1 not opened" in tile(page, "openings")
    assert "<script>alert" not in page
    links = {unescape(one) for one in re.findall(r'href="(/admin/[^"]*)"', page)}
    assert "/admin/audit/mandateaudit/?source=mcp&when=7" in links
    assert {one: auditor.get(one).status_code for one in links} == dict.fromkeys(links, 200)
    assert 'href="#calls"' in page[: page.index('class="board"')]  # above all, since it is wrong


def test_says_what_to_do_where_older_days_were_not_counted(auditor: Client) -> None:
    record(Action.MESSAGE_SENT, at=timezone.now() - timedelta(days=3))
    assert sealed(timezone.now() - timedelta(days=3) + timedelta(minutes=1))
    Tally.objects.all().delete()
    assert "manage.py seal_audit --tally" in tile(page_of(auditor), "actions")

    record(Action.MESSAGE_SENT)
    assert sealed(timezone.now())
    assert "manage.py seal_audit --tally" in tile(page_of(auditor), "actions")

    call_command("seal_audit", "--tally", verbosity=0, stdout=StringIO())
    assert "--tally" not in tile(page_of(auditor), "actions"), "counted is counted"
    record(Action.MESSAGE_SENT)
    assert sealed(timezone.now())
    assert "3 actions in 14 days, 2 of them today." in tile(page_of(auditor), "actions")


def test_says_that_it_looked_at_some_of_many_that_wait(
    auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "OLDEST", 3)
    with time_machine.travel(timezone.now(), tick=False):
        record(Action.MESSAGE_SENT, 3, at=timezone.now() - timedelta(seconds=10))
        assert "The longest for 10 seconds" in tile(page_of(auditor), "waiting")
        record(Action.MESSAGE_SENT, at=timezone.now() - timedelta(seconds=10))

        said = tile(page_of(auditor), "waiting")

    assert "Of those that wait, 3 were looked at: none waits too long." in said
    assert "The longest for at least 10 seconds" in said


def test_counts_signups_and_registrations_that_need_a_person(auditor: Client, parent: User) -> None:
    now = timezone.now()
    for hours in (-2, 3, 4):
        AgenticCheckoutSession.objects.create(
            user=parent,
            step="login",
            created_at=now - timedelta(hours=20),
            expires_at=now + timedelta(hours=hours),
        )
    assert "Active 2 Expired 1 Registrations for a person 0" in tile(page_of(auditor), "sessions")

    RegistrationSubmission.objects.create(
        user_id=parent.pk, session_id=uuid4(), provider="skiclubpro", org_ref="blackhawk-ski",
        program_ref="nordic", participant="a" * 64, request_digest="b" * 64,
        status="needs_operator", is_real=True, created_at=now, updated_at=now,
    )  # fmt: skip
    assert "A registration needs a person" in tile(page_of(auditor), "sessions")


def test_looks_at_the_end_of_the_log(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    record(Action.MESSAGE_SENT, 3)
    assert sealed(timezone.now())
    key = settings.AUDIT_VERIFIERS[0]
    said = tile(page_of(auditor), "log")
    assert "the newest records hold" in said
    assert "Checkpoint 4 It signs 3 records and 1 seal" in said
    assert f"{key.name} ({key.key_id.hex()})" in said

    lift_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mandate_audit SET org_ref = 'elsewhere'")
    said = tile(page_of(auditor), "log")
    assert "The log does not hold" in said
    assert "verify_audit" in said

    monkeypatch.setattr(settings, "AUDIT_VERIFIERS", ())
    said = tile(page_of(auditor), "log")
    assert "Set AUDIT_VERIFY_KEY." in said
    assert "nobody whose key is known here" in said


def test_tells_an_old_checkpoint_and_records_that_wait_too_long(auditor: Client) -> None:
    past = timezone.now() - timedelta(hours=3)
    record(Action.MESSAGE_SENT, at=past)
    assert sealed(past)
    record(Action.MESSAGE_SENT, 2, at=past)

    page = page_of(auditor)
    assert "The newest checkpoint is too old" in tile(page, "log")
    assert "Waiting 2 The longest for 3 hours" in tile(page, "waiting")
    assert "Records wait too long" in tile(page, "waiting")


OK, DIED = (Job(state, None, None) for state in ("ok", "died"))


@pytest.mark.parametrize(
    ("said", "health"),
    [
        (
            "The worker is at work. Last",
            WorkerHealth("ok", 12, Queue(0, None), {"beat": OK}, False),
        ),
        ("12 seconds ago", WorkerHealth("ok", 12, Queue(0, None), {}, False)),
        ("No worker is at work", WorkerHealth("absent", None, Queue(9, 900), {}, False)),
        ("9 tasks, the first for 15 minutes", WorkerHealth("late", 200, Queue(9, 900), {}, False)),
        ("The worker is behind", WorkerHealth("late", 200, Queue(9, 900), {}, False)),
        ("1 job did not go well", WorkerHealth("ok", 1, Queue(0, None), {"beat": DIED}, False)),
        ("Trouble beat died", WorkerHealth("ok", 1, Queue(0, None), {"beat": DIED}, False)),
        ("whether Redis can be reached", WorkerHealth("ok", 1, None, {"beat": OK}, False)),
        ("are not cleaned up", WorkerHealth("ok", 1, Queue(0, None), {"beat": OK}, True)),
    ],
)
@pytest.mark.once
@pytest.mark.django_db
def test_tells_how_the_worker_fares(
    monkeypatch: pytest.MonkeyPatch, said: str, health: WorkerHealth
) -> None:
    monkeypatch.setattr(worker_health, "look", lambda *_, **__: health)

    made = service.worker(Reader(User(), timezone.now()))

    told = " ".join([made.says, *(f"{fact.name} {fact.value}" for fact in made.facts)])
    assert said in told


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition("mock"), "Sample tools answer"),
        (Condition("real"), "The provider tools can be called."),
        (Condition("real", "open", "timeout"), "it did not answer in time"),
        (Condition("real", "half_open", "auth"), "one at a time, to see"),
    ],
)
def test_tells_how_the_tools_are_without_asking_them(
    auditor: Client, monkeypatch: pytest.MonkeyPatch, condition: Condition, said: str
) -> None:
    class Tools:
        def condition(self) -> Condition:
            return condition

    monkeypatch.setattr(service, "get_toolbox", Tools)
    monkeypatch.setattr(settings, "MCP_SERVER_URL", "http://me:secret@tools.test:8080/path")

    page = page_of(auditor)

    assert said in tile(page, "tools")
    assert "secret" not in page


def test_tells_keys_that_are_missing(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "counted_lately", lambda *_: {"stored_credentials": 1_234})

    said = tile(page_of(auditor), "keys")

    assert "1,234 sealed rows need a key that is not here. Nothing is lost" in said
    assert "stored_credentials 1,234 without a key" in said
