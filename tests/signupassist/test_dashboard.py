"""The console's first page…"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.actions import Action
from sessions_store.models import AgenticCheckoutSession
from signupassist import health, worker_health
from signupassist.dashboard import ledger, service, site, tiles
from signupassist.dashboard.tiles import Reader
from tests.audit.conftest import sealed
from tests.roles import staff_with
from tests.signupassist.board import NOT_AVAILABLE, page_of, record, slugs, tile

only_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="asks PostgreSQL's planner and clock"
)
LEDGER, RUNS = "/admin/audit/mandateaudit/", "/admin/sessions_store/jobrun/"
MOST_QUERIES = 70  # of which three a tile are about its transaction
MOST_ROWS = 400


@pytest.fixture
def auditor(client: Client, db: None) -> Client:
    """Return a client with the rights of auditors and of support."""
    client.force_login(staff_with("auditor", "support"))
    return client


# --- Who sees it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["auditor", "support"])
def test_shows_how_things_stand_and_links_what_the_role_opens(
    role: str, client: Client, db: None
) -> None:
    client.force_login(staff_with(role))
    record(Action.SESSION_CREATED, session_id=uuid4())
    assert sealed(timezone.now())

    page = page_of(client)

    assert slugs(page) == [
        "actions", "funnel", "sessions", "log", "waiting", "calls", "openings", "worker", "tools",
        "keys",
    ]  # fmt: skip
    assert (f'href="{LEDGER}?action=tool_failed&amp;when=7"' in page) == (role == "auditor")
    assert "<a " not in page[page.index('id="funnel"') : page.index('id="sessions"')]
    assert (f'href="{RUNS}"' in page) == (role == "support")
    assert "style=" not in page  # which the policy for pages forbids
    assert 'class="app-' in page[page.index("All lists") :]


def test_shows_no_tiles_to_staff_without_a_role_and_nothing_to_parents(
    client: Client, parent: User
) -> None:
    client.force_login(staff_with())
    page = page_of(client)
    assert 'class="tile' not in page
    assert "Your account has no role yet" in page

    client.force_login(parent)
    assert client.get("/admin/").status_code == 302


# --- What it stands ------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [ledger, service])
def test_stands_whatever_fails_in_a_tile(
    auditor: Client, monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("the password is secret")

    name = "tally" if module is ledger else "worker_health"
    monkeypatch.setattr(module, name, type("Broken", (), {"__getattr__": fails})())

    page = page_of(auditor)

    broken = {"actions", "funnel", "calls", "openings"} if module is ledger else {"worker"}
    for slug in slugs(page):
        assert (NOT_AVAILABLE in tile(page, slug)) == (slug in broken)
    assert "secret" not in page


@only_postgresql
@pytest.mark.django_db
def test_gives_up_a_question_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "MILLISECONDS", 50)

    def slow(reader: Reader) -> tiles.Tile:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")
        raise AssertionError

    made = tiles.make(Reader(User(), timezone.now()), "slow", "Slow", slow)

    assert made.says == NOT_AVAILABLE
    assert not AgenticCheckoutSession.objects.exists()  # the connection is as good as before


@pytest.mark.django_db
def test_begins_no_transaction_where_it_would_wait_for_writers_or_keep_others_waiting(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://nobody.test"
    outside, depths = len(connection.savepoint_ids), {}

    def note(name: str) -> None:
        depths[name] = len(connection.savepoint_ids) - outside

    def jobs(at: datetime) -> dict[str, worker_health.Job]:
        note("jobs")
        return {}

    def made(reader: Reader) -> tiles.Tile:
        note("tile")
        return tiles.Tile("", "")

    monkeypatch.setattr(worker_health, "_redis_queue", lambda: note("redis"))
    monkeypatch.setattr(worker_health, "_jobs", jobs)
    monkeypatch.setattr(site, "TILES", (("a", "A", made), ("worker", "B", service.worker)))
    request = HttpRequest()
    request.user = User()

    assert NOT_AVAILABLE not in [one.says for one in site.look(request)]

    timed = int(connection.vendor == "postgresql")
    assert depths == {"tile": timed, "redis": 0, "jobs": timed}


def queries_of_page(client: Client) -> list[tuple[str, Any]]:
    """Return what the page asked the database for, without what says who asks."""
    health.counted_lately.cache_clear()
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((re.sub(r"^SELECT set_config\(.*?true\); ", "", sql), params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        page_of(client)
    return asked


def fill(number: int) -> None:
    record(Action.CREDENTIALS_ACCESSED, number // 2, provider="skiclubpro", session_id=uuid4())
    record(Action.TOOL_SUCCEEDED, number // 2, session_id=uuid4())
    assert sealed(timezone.now())
    record(Action.MESSAGE_SENT, number // 2)


def test_asks_as_much_of_a_long_ledger_as_of_a_short_one(auditor: Client) -> None:
    page_of(auditor)  # the first request of a while notes that its log-in is in use
    fill(10)
    few = queries_of_page(auditor)
    fill(2_000)
    many = queries_of_page(auditor)

    # a level more of the tree of hashes
    assert len(few) <= len(many) <= len(few) + 1 <= MOST_QUERIES


@only_postgresql
def test_reads_few_rows_of_the_ledger_and_never_scans_it(auditor: Client) -> None:
    fill(2_000)
    asked = queries_of_page(auditor)
    read = [
        (sql, params)
        for sql, params in asked
        if '"mandate_audit"' in sql or "mandate_audit " in sql
    ]
    assert read
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE mandate_audit, audit_leaf, audit_subject"
        )  # of whichever test was last
        cursor.execute("SET LOCAL enable_seqscan = off")  # the table is small: there it would pay
        for sql, params in read:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            told = cursor.fetchone()[0]
            plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
            for node in _of_ledger(plan):
                assert "Seq Scan" not in node["Node Type"], sql
                removed = node.get("Rows Removed by Filter", 0)
                assert (node["Actual Rows"] + removed) * node["Actual Loops"] <= MOST_ROWS, sql


def _of_ledger(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if node.get("Relation Name") == "mandate_audit":
        yield node
    for below in node.get("Plans", []):
        yield from _of_ledger(below)
