"""What a look at the ledger costs: our console beside django-auditlog's stock admin, on the same rows.

    python -m benchmarks.console [--rows N]

lets `seed_demo` fill a PostgreSQL of its own with records that are sealed as everywhere, and asks both
sides in turns for their first page, for a page in the middle, and for a page of one action: whole
requests, from the log-in to the last byte, in one process each. A page of ours has 50 records and one of
theirs 100, as both are delivered. django-auditlog lives in an environment of its own (`var/auditlog`,
made at the first run). What only ours has is asked for afterwards.

Ten million rows need about 20 GB of disk and more than an hour. Ends with 1 where a goal is missed: our
first page and our page in the middle come at least ten times as fast. With few rows they do not: there
the price of a page is that of writing it down, not of finding what stands on it.
"""

import argparse
import logging
import os
import secrets
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import django
from django.core.management import call_command
from django.db import connection
from tqdm import tqdm

from tests import pgtemp

GOAL = 10.0
THEIR_PAGE = 100
THEIRS = Path(__file__).with_name("console_auditlog.py")

Ask = Callable[[str], float]


def main() -> int:
    """Return 0 where all goals are met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="(10000000: full)")
    parser.add_argument("--times", type=int, default=7, help="each page is asked for")
    options = parser.parse_args()
    binaries = pgtemp.find_binaries()
    if binaries is None:
        parser.exit(1, "no PostgreSQL: apt-get install postgresql, or set PG_BIN\n")
    with pgtemp.server(binaries, is_durable=True) as url:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_DATABASE_URL": url}
        django.setup()
        logging.disable(logging.WARNING)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        _seed(options.rows, url)
        ours = _our_console()
        with _their_admin(url) as theirs:
            is_met = _measure(options.rows, options.times, ours, theirs)
        _measure_more(options.times, ours)
    return 0 if is_met else 1


def _seed(rows: int, url: str) -> None:
    """Write the records as an operator would, with the bar that `seed_demo` draws."""
    settings = {
        "DJANGO_SETTINGS_MODULE": "signupassist.settings",
        "DATABASE_URL": url,
        "DEBUG": "true",
    }
    key = {"AUDIT_SIGNING_KEY": b64encode(secrets.token_bytes(32)).decode()}
    program = [sys.executable, "manage.py", "seed_demo", "--audit-rows", str(rows)]
    subprocess.run(program, env=os.environ | settings | key, check=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _measure(rows: int, times: int, ours: Ask, theirs: Ask) -> bool:
    from benchmarks.ledger.goals import goal, row, title

    stock, console = "/admin/auditlog/logentry/", "/admin/audit/mandateaudit/"
    asked = {
        "first page": (console, stock),
        "page in the middle": (
            f"{console}?before={_middle(rows)}",
            f"{stock}?p={max(1, rows // 2 // THEIR_PAGE)}",
        ),
        "one action": (f"{console}?action=tool_failed", f"{stock}?action__exact=1"),
        "one provider": (f"{console}?provider=swimdesk", f"{stock}?q=swimdesk"),
    }
    title(f"Pages of {rows:,} records")
    row("page", "ours", "stock admin", "times as fast")
    are_met = True
    for name, (mine, other) in asked.items():
        took: tuple[list[float], list[float]] = ([], [])
        for number in tqdm(range(times + 1), desc=name, unit="turn", leave=False, disable=None):
            both = ours(mine), theirs(other)
            if number:  # both are warm
                for side, seconds in zip(took, both, strict=True):
                    side.append(seconds)
        fast, slow = median(took[0]), median(took[1])
        row(name, f"{1000 * fast:.1f} ms", f"{1000 * slow:.1f} ms", f"{slow / fast:.1f}")
        if "page" in name:
            what = f"{name}: at least {GOAL:g} times as fast: {slow / fast:.1f}"
            are_met = goal(what, met=slow >= GOAL * fast) and are_met
    return are_met


def _measure_more(times: int, ours: Ask) -> None:
    from audit.models import MandateAudit
    from benchmarks.ledger.goals import row, title

    title("Pages that only ours has")
    session = MandateAudit.objects.filter(action="message_sent").latest("created_at").session_id
    asked = {
        "dashboard": "/admin/",
        "one signup's timeline": f"/admin/audit/mandateaudit/timeline/{session}/",
        "an action of a week": "/admin/audit/mandateaudit/?action=tool_failed&when=7",
    }
    for name, address in asked.items():
        took = [ours(address) for _ in range(times + 1)]
        row(name, f"{1000 * took[0]:.1f} ms first", f"{1000 * median(took[1:]):.1f} ms then")


def _middle(rows: int) -> str:
    from audit.models import MandateAudit
    from audit.paging import cursor_of

    row = MandateAudit.objects.order_by("-created_at", "-id")[rows // 2]
    return cursor_of(row.created_at, row.id)


def _our_console() -> Ask:
    from django.test import Client

    from accounts.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("alex@example.com", "a staff pass phrase"))

    def ask(address: str) -> float:
        start = time.perf_counter()
        answer = client.get(address)
        took = time.perf_counter() - start
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status_code}")
        return took

    return ask


@contextmanager
def _their_admin(url: str) -> Iterator[Ask]:
    """Give the function that asks the other side for a page, and returns what it took."""
    from benchmarks.ledger.record import AUDITLOG

    program = [str(AUDITLOG.interpreter()), str(THEIRS), url]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        if process.stdout.readline() != "ready\n":
            raise SystemExit("django-auditlog's side did not start")

        def ask(address: str) -> float:
            assert process.stdin
            assert process.stdout
            process.stdin.write(f"{address}\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield ask
        process.stdin.close()


if __name__ == "__main__":
    sys.exit(main())
