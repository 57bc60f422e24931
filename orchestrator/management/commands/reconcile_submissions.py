"""Find out what became of registrations whose outcome nobody knows, now."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from orchestrator.services import reconciling
from orchestrator.submissions import watch


class Command(BaseCommand):
    help = (
        "Ask the providers what became of unclear registrations that are due, as the worker does "
        "every minute. Exits with 1 where a provider could not be asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="list them, ask nobody")

    def handle(self, *, dry_run: bool, verbosity: int, **options: Any) -> None:
        at = timezone.now()
        due = dict(watch.due(at).values_list("pk", "status"))
        if dry_run:
            self._list(due, verbosity)
            return
        with tqdm(total=len(due), unit="registration", disable=None if verbosity else True) as bar:

            def tell(submission_id: UUID, status: str) -> None:
                bar.update()
                if bar.disable and verbosity:
                    self.stdout.write(f"{submission_id} {due.get(submission_id)} -> {status}")

            done = reconciling.reconcile(at=at, after_each=tell)
        if done.failed or done.unasked:
            raise CommandError(f"{done}. What was not done stays due; the log says why.")
        self.stdout.write(self.style.SUCCESS(f"{done}."))

    def _list(self, due: dict[UUID, str], verbosity: int) -> None:
        for submission_id, status in due.items() if verbosity else ():
            self.stdout.write(f"{submission_id} {status}")
        counted = ", ".join(f"{count} {status}" for status, count in Counter(due.values()).items())
        self.stdout.write(f"{len(due)} due" + (f": {counted}." if due else "."))
