"""Pages and exports of many rows: a page anywhere beside the first one."""

import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import uuid4

from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from audit import guards, paging
from audit.actions import SYSTEM
from audit.models import MandateAudit
from benchmarks.ledger.goals import goal, row, title

TIMES = 50  # of each page
SHARE = 100_000  # rows that are made in one statement
FAMILIES = 20_000
MOST_OF_ANOTHER = 3.0
MOST_MORE_MEMORY = 16.0  # MB, between a tenth of an export and its end
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)  # ten million rows end before today

# Rows as they come in life: many families, in the order of time. Their hashes are made up, since pages
# do not look at them.
_FILL = """
INSERT INTO mandate_audit (
    id, user_id, actor, action, provider, org_ref, program_ref, credential_id, session_id, metadata,
    created_at, schema_v, content_hash
)
SELECT
    gen_random_uuid(), u, 'user:' || u,
    (ARRAY['message_sent', 'tool_succeeded', 'tool_failed', 'credentials_accessed'])[1 + n %% 4],
    'skiclubpro', 'blackhawk-ski', 'alpine-saturday',
    CASE WHEN n %% 4 = 3 THEN u END, md5((n / 17)::text)::uuid,
    jsonb_build_object(
        'sessionId', md5((n / 17)::text)::uuid, 'provider', 'skiclubpro', 'org_ref', 'blackhawk-ski',
        'request_id', md5(n::text), 'step', 'program_selection', 'intent', 'message'
    ),
    %s + n * interval '3 seconds', 1, md5(n::text) || md5((n + 1)::text)
FROM (
    SELECT n, md5((n / 17 * 7919 %% %s)::text)::uuid AS u FROM generate_series(%s::bigint, %s) n
) t
"""


def measure(rows: int) -> bool:
    """Print what pages and exports take; return whether the goals are met."""
    fill(rows)
    title(f"Pages of {rows:,} records")
    everything = MandateAudit.objects.all()
    family = MandateAudit.objects.values_list("user_id", flat=True)[rows // 2]
    middle = _cursor_at(moment(rows // 2))
    oldest = _cursor_at(moment(60))
    pages: dict[str, Callable[[], object]] = {
        "first page": lambda: paging.page_of(everything, None),
        "page in the middle": lambda: paging.page_of(everything, middle),
        "last page but one": lambda: paging.page_of(everything, oldest),
        "one family's first page": lambda: paging.page_of(everything.filter(user_id=family), None),
        "nobody's page": lambda: paging.page_of(everything.filter(user_id=uuid4()), None),
    }
    row("page", "median", "x first")
    took = {name: _median(page) for name, page in pages.items()}
    for name, seconds in took.items():
        row(name, f"{1000 * seconds:.2f} ms", f"{seconds / took['first page']:.2f}")
    offset = _median(lambda: list(everything.order_by("-created_at", "-id")[rows // 2 :][:50]), 3)
    row("by OFFSET in the middle", f"{1000 * offset:.0f} ms", f"{offset / took['first page']:.0f}")
    full = [seconds for name, seconds in took.items() if name != "nobody's page"]
    pages_met = goal(
        f"all pages within {MOST_OF_ANOTHER:g} x of one another: {max(full) / min(full):.2f}",
        met=max(full) <= MOST_OF_ANOTHER * min(full),
    )
    return _export(rows) and pages_met


def _export(rows: int) -> bool:
    from audit import exporting

    title(f"Export of {rows:,} records as CSV")
    began, first, early, size = time.perf_counter(), 0.0, 0.0, 0
    wanted = exporting.Wanted(user_id=None, format="csv")
    rest = exporting.export(wanted, actor=SYSTEM, at=timezone.now())
    for chunk in tqdm(rest, unit="chunk", disable=None):
        first = first or time.perf_counter() - began
        size += len(chunk)
        if size > rows * 40:  # about a tenth
            early = early or _memory()
    seconds = time.perf_counter() - began
    grown = _memory() - (early or _memory())
    row("rows/s", f"{rows / seconds:,.0f}", f"{size / 1e6 / seconds:.1f} MB/s")
    row("first byte", f"{first:.2f} s")
    return goal(f"flat in memory: {grown:.1f} MB more", met=grown <= MOST_MORE_MEMORY)


def fill(rows: int) -> None:
    """Make the rows, without the triggers that would queue them to be sealed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM mandate_audit")
        have = cursor.fetchone()[0]
        cursor.execute(f"ALTER TABLE {guards.TABLE} DISABLE TRIGGER USER")
        for start in tqdm(range(have, rows, SHARE), unit="share", disable=None):
            last = min(start + SHARE, rows) - 1
            cursor.execute(_FILL, [BEGIN, FAMILIES, start, last])
        cursor.execute("VACUUM ANALYZE mandate_audit")
    guards.install(connection)


def moment(number: int) -> datetime:
    """Return when the record of this number was written."""
    return BEGIN + timedelta(seconds=3) * number


def _cursor_at(at: datetime) -> str:
    row = MandateAudit.objects.filter(created_at__lte=at).order_by("-created_at", "-id")[0]
    return paging._cursor_after(row)


def _median(page: Callable[[], object], times: int = TIMES) -> float:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        page()
        took.append(time.perf_counter() - start)
    return median(took)


def _memory() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
