"""Make the demo people, and if wanted a long made-up trail."""

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from audit import publication, sealer, sealing_run
from audit.printing import say
from audit.services import Entry
from orchestrator import demo

MOST_ROWS = 100_000_000
SECONDS_BETWEEN_LINES = 5.0
LOOKED_BACK = timedelta(days=14)  # the pictures of the console have something on each day, then
LEAVING = 0.3  # and the signups are not all alike


class Command(BaseCommand):
    help = "Create the demo parent and the demo staff account (DEBUG only)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--audit-rows", type=int, default=0, metavar="N", help="add N made-up audit rows"
        )

    def handle(self, *, audit_rows: int, verbosity: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("seed_demo makes accounts for everybody to use: DEBUG=true only.")
        if not 0 <= audit_rows <= MOST_ROWS:
            raise CommandError(f"--audit-rows is a number of rows, 0 to {MOST_ROWS}.")
        people = demo.passwords(settings.VAR_DIR / "demo.json")
        parent = demo.ensure_people(people, at=timezone.now())
        if verbosity:
            self.stdout.write(f"{demo.PARENT} and {demo.STAFF} can log in (var/demo.json).")
        if not audit_rows:
            return
        story = demo.story(
            parent.pk, audit_rows, until=timezone.now(), over=LOOKED_BACK, leaving=LEAVING
        )
        log = sealing_run.configured()
        try:
            written = demo.write(self._watched(story, audit_rows, verbosity), log)
            if log.signers:
                sealing_run.run(log, now=timezone.now)  # it publishes what was sealed
        except (sealer.SealingRefusedError, publication.PublicationError) as error:
            raise CommandError(f"The log cannot be sealed: {error}.") from None
        sealed = "sealed day by day" if log.signers else "not sealed: AUDIT_SIGNING_KEY is not set"
        self.stdout.write(self.style.SUCCESS(f"{written} audit rows written, {sealed}."))

    def _watched(self, story: Iterable[Entry], total: int, verbosity: int) -> Iterator[Entry]:
        """Yield the rows, and say how far it is: a bar where a person watches, else a line at times."""
        is_piped = bool(verbosity) and not sys.stderr.isatty()
        next_line = time.monotonic() + SECONDS_BETWEEN_LINES
        bar = tqdm(story, total=total, unit="row", disable=None if verbosity else True)
        for number, entry in enumerate(bar):
            if is_piped and time.monotonic() >= next_line:
                next_line = time.monotonic() + SECONDS_BETWEEN_LINES
                say(self.stdout, f"{number:,} of {total:,} audit rows written.")
            yield entry
