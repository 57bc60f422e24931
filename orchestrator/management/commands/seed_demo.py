"""Make the demo people, and if wanted a long made-up trail."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from audit.services import record_many
from orchestrator import demo

MOST_ROWS = 100_000_000


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
        story = demo.story(parent.pk, audit_rows, until=timezone.now())
        bar = tqdm(story, total=audit_rows, unit="row", disable=None if verbosity else True)
        written = record_many(bar)
        self.stdout.write(self.style.SUCCESS(f"{written} audit rows written."))
