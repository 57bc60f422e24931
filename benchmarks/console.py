"""What a look at the ledger costs: our console beside django-auditlog's stock admin, on the same rows.

    python -m benchmarks.console [--rows N]

fills a PostgreSQL of its own, and asks both sides in turns for their first page, for a page in the
middle, and for a page of one action: whole requests, from the log-in to the last byte, in one process
each. A page of ours has 50 records and one of theirs 100, as both are delivered. django-auditlog lives
in an environment of its own (`var/auditlog`, made at the first run).

Ten million rows need about 20 GB of disk and half an hour. Ends with 1 where a goal is missed: our
first page and our page in the middle come at least ten times as fast. With few rows they do not: there
the price of a page is that of writing it down, not of finding what stands on it.
"""

import argparse
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import django
from django.core.management import call_command
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
    with pgtemp.server(binaries) as url:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_DATABASE_URL": url}
        django.setup()
        logging.disable(logging.WARNING)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        from benchmarks.ledger import pages

        pages.fill(options.rows)
        with _their_admin(url) as theirs:
            is_met = _measure(options.rows, options.times, _our_console(), theirs)
    return 0 if is_met else 1


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


def _middle(rows: int) -> str:
    from audit.models import MandateAudit
    from audit.paging import cursor_of
    from benchmarks.ledger import pages

    at = pages.moment(rows // 2)
    row = MandateAudit.objects.filter(created_at__lte=at).order_by("-created_at", "-id")[0]
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
