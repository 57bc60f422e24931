"""The console on PostgreSQL…

Each question of a page is explained as it ran: which rows were read, and how.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from audit import finding, guards
from audit.kinds import Kind
from audit.models import MandateAudit
from audit.paging import cursor_of

ROWS = 20_000
MOST = 400  # rows that a look may read here: a fiftieth of all
LIST = "/admin/audit/mandateaudit/"

# Signups of 17 records, four common actions of which one has not happened lately, a rare one, a rare
# provider, a rare source, a person with a tenth of it all, and one with the newest tenth in one signup
FILL = """
INSERT INTO mandate_audit (id, user_id, actor, action, provider, org_ref, program_ref, credential_id,
    session_id, metadata, created_at, schema_v, content_hash)
SELECT gen_random_uuid(), u, 'user:' || u,
    CASE WHEN n % 4999 = 0 THEN 'registration_rejected'
         WHEN n % 4 = 0 AND n > 12000 THEN 'tool_succeeded' ELSE
    (ARRAY['message_sent', 'tool_succeeded', 'tool_failed', 'credentials_accessed'])[1 + n % 4] END,
    CASE WHEN n = 77 THEN 'swimdesk' ELSE 'skiclubpro' END, 'blackhawk-ski', 'p' || n % 9,
    CASE WHEN n % 4 = 3 THEN u END,
    md5(CASE WHEN n > 18000 THEN 'long' ELSE (n / 17)::text END)::uuid,
    jsonb_build_object('source', CASE WHEN n = 78 THEN 'google' ELSE 'mcp' END),
    now() - (20000 - n) * interval '300 seconds', 1, md5(n::text)
FROM (SELECT n, md5((CASE WHEN n > 18000 THEN -1 WHEN n % 10 = 0 THEN 0 ELSE n / 17 % 500
                     END)::text)::uuid AS u
      FROM generate_series(1, 20000) n) t
"""


@pytest.fixture
def console(staff: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return staff's client, beside a ledger of which no page may read more than a little."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite explains no rows")
    monkeypatch.setattr(finding, "MOST_READ", MOST)
    monkeypatch.setattr(finding, "MOST_COUNTED", MOST)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {guards.TABLE} DISABLE TRIGGER USER")
        cursor.execute(FILL)
        cursor.execute(f"ALTER TABLE {guards.TABLE} ENABLE ALWAYS TRIGGER mandate_audit_queue")
        cursor.execute("ANALYZE mandate_audit")
    client.force_login(staff)
    client.get(LIST)  # the first request of a while notes that its log-in is in use
    return client


def _plans(console: Client, **asked: str) -> tuple[Any, list[dict[str, Any]]]:
    """Return the answer, and how each question to the ledger was answered."""
    with CaptureQueriesContext(connection) as captured:
        answer = console.get(LIST, asked)
    assert answer.status_code == 200
    plans = []
    for query in captured.captured_queries:
        said = query["sql"].partition("SELECT set_config('role'")
        sql = said[0] or said[2].partition("; ")[2]
        if sql.startswith("SELECT") and '"mandate_audit"' in sql:
            with connection.cursor() as cursor:
                cursor.execute(
                    "EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) " + sql.replace("%", "%%")
                )
                (told,) = cursor.fetchone()
            plans.append((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
    return answer, plans


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _read(node: dict[str, Any]) -> int:
    """Return how many rows a node read from the ledger, the rejected ones too."""
    rejected = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return int((node["Actual Rows"] + rejected) * node["Actual Loops"])


def _check(console: Client, **asked: str) -> Any:
    answer, plans = _plans(console, **asked)
    assert plans
    total = 0
    for plan in plans:
        for node in _nodes(plan):
            kind = node["Node Type"]
            assert kind != "Seq Scan" or node.get("Relation Name") != "mandate_audit", asked
            if kind in ("Sort", "Incremental Sort"):
                assert node["Actual Rows"] <= MOST + 1, asked
            if (
                "Scan" in kind and kind != "Bitmap Index Scan"
            ):  # the heap's scan reads the same rows
                total += _read(node)
    # the end of the window and the rows in it, or one page along each lead and the count of all of
    # them; and the rows that providers are suggested from
    assert total <= 3 * MOST + 22 * 51 + 500, (asked, total)
    assert len(plans) <= 2 * max(len(kind.actions) for kind in Kind) + 6
    return answer


QUESTIONS: list[dict[str, str]] = [
    {},
    {"when": "30"},
    {"action": "tool_failed"},
    {"action": "message_sent"},  # common, but not lately
    {"action": "message_sent", "provider": "swimdesk"},
    {"action": "registration_rejected"},
    {"action": "staff_role_granted"},  # nobody did that
    {"action": "tool_failed", "provider": "swimdesk", "when": "30"},
    {"provider": "swimdesk"},
    {"provider": "nobody's"},
    {"source": "google"},
    {"source": "google", "action": "tool_failed"},
    {"q": "p3"},
    {"q": "no-such-program"},
    {"q": "no-such-program", "source": "mcp", "provider": "swimdesk", "since": "2020-01-01"},
    {"since": "2020-01-01", "until": "2020-12-31"},
    *({"kind": kind} for kind in Kind.values),
    {"kind": "account", "provider": "swimdesk"},
    {"kind": "step", "provider": "swimdesk"},
]


def test_reads_few_rows_whatever_is_asked(console: Client) -> None:
    for asked in QUESTIONS:
        _check(console, **asked)


def test_reads_few_rows_of_a_trail(console: Client) -> None:
    opened = MandateAudit.objects.filter(action="credentials_accessed").order_by("created_at")
    for row in (opened[1_000], opened[4_900]):  # of a short trail, and of a long one, the newest
        for named_by in finding.NAMED_BY_UUID:
            name = str(getattr(row, named_by))
            _check(console, q=name)
            _check(console, q=name, provider="swimdesk", kind="failed")


def test_reads_no_more_for_a_deep_page(console: Client) -> None:
    rows = MandateAudit.objects.order_by("created_at")
    place = random.Random(9).randrange(1_000, 15_000)
    for number in (100, place):
        row = rows[number]
        cursor = cursor_of(row.created_at, row.id)
        for asked in (
            {},
            {"action": "tool_failed"},
            {"provider": "swimdesk"},
            {"source": "google"},
        ):
            for way in ("before", "after"):
                answer = _check(console, **asked, **{way: cursor})
        assert answer.context["lines"] is not None


def test_reaches_what_is_rare_by_looking_further(console: Client) -> None:
    answer = _check(console, action="tool_succeeded", provider="swimdesk")
    assert "Look further back" in answer.content.decode()
    assert not answer.context["lines"]

    for _ in range(ROWS // MOST):
        if not answer.context["older"]:
            break
        answer = console.get(LIST + answer.context["older"])
        if answer.context["lines"]:
            break
    assert [line.row.provider for line in answer.context["lines"]] == ["swimdesk"]
