"""Make the demo people, and if wanted a long made-up trail."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from audit import publication, sealer, sealing_run
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
        log = sealing_run.configured()
        try:
            written = demo.write(bar, log)
            if log.signers:
                sealing_run.run(log, now=timezone.now)  # it publishes what was sealed
        except (sealer.SealingRefusedError, publication.PublicationError) as error:
            raise CommandError(f"The log cannot be sealed: {error}.") from None
        sealed = "sealed day by day" if log.signers else "not sealed: AUDIT_SIGNING_KEY is not set"
        self.stdout.write(self.style.SUCCESS(f"{written} audit rows written, {sealed}."))
