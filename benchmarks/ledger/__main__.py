"""`python -m benchmarks.ledger PART…` measures the ledger on a PostgreSQL of its own.

Parts, each with both sides in one run, and a ratio:

- writers: 16 processes with 20 ms of work in each transaction, without records, with ours while the
  sealer runs, and with a global hash chain; how long records wait to be sealed;
- record: `record()` beside django-auditlog's LogEntry, which lives in an environment of its own
  (`var/auditlog`, made at the first run);
- seal: sealing and verifying, beside hashing the same rows and nothing else;
- pages: pages and exports of many rows (--rows), a page anywhere beside the first one.

Ends with 1 where a goal is missed.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable

import django
from django.core.management import call_command

from tests import pgtemp


def main() -> int:
    """Return 0 where all goals are met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="writers record seal pages (all)")
    parser.add_argument("--seconds", type=float, default=15, help="of each side of writers")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of pages (10000000: full)")
    parser.add_argument("--events", type=int, default=50_000, help="of record and seal")
    options = parser.parse_args()
    binaries = pgtemp.find_binaries()
    if binaries is None:
        parser.exit(1, "no PostgreSQL: apt-get install postgresql, or set PG_BIN\n")
    with pgtemp.server(binaries, is_durable=True) as url:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_DATABASE_URL": url}
        django.setup()
        logging.disable(logging.INFO)
        call_command("migrate", verbosity=0, interactive=False)
        from benchmarks.ledger import pages, record, seal, writers

        parts: dict[str, Callable[[], bool]] = {
            "writers": lambda: writers.measure(options.seconds),
            "record": lambda: record.measure(url, min(options.events, 5_000)),
            "seal": lambda: seal.measure(options.events),
            "pages": lambda: pages.measure(options.rows),
        }
        wanted = options.parts or list(parts)
        if unknown := set(wanted) - parts.keys():
            parser.error(f"no such part: {', '.join(sorted(unknown))}")
        met = [parts[part]() for part in wanted]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
