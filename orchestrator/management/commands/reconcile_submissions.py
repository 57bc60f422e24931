"""Find out what became of registrations whose outcome nobody knows, now."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from audit.printing import say
from orchestrator.services import reconciling
from orchestrator.services.reconciling import Tally
from orchestrator.submissions import watch


class Command(BaseCommand):
    help = (
        "Ask the providers what became of unclear registrations that are due, as the worker does "
        "every minute. Exits with 1 where a provider could not be asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="list them, ask nobody")

    def handle(self, *, dry_run: bool, verbosity: int, **options: Any) -> None:
        if dry_run:
            self._list(verbosity)
            return
        due = watch.due(timezone.now()).count()
        with tqdm(total=due, unit="registration", disable=None if verbosity else True) as bar:

            def tell(submission_id: UUID, was: str, status: str) -> None:
                bar.update()
                if bar.disable and verbosity:
                    say(self.stdout, f"{submission_id} {was} -> {status}")

            done = _until_none_is_left(tell)
        if done.failed or done.unasked or done.left:
            raise CommandError(f"{done}. What was not done stays due; the log says why.")
        say(self.stdout, self.style.SUCCESS(f"{done}."))

    def _list(self, verbosity: int) -> None:
        counted: Counter[str] = Counter()
        due = watch.due(timezone.now()).values_list("pk", "status")
        for submission_id, status in due.iterator():
            counted[status] += 1
            if verbosity:
                say(self.stdout, f"{submission_id} {status}")
        said = ", ".join(f"{count} {status}" for status, count in counted.items())
        say(self.stdout, f"{counted.total()} due" + (f": {said}." if said else "."))


def _until_none_is_left(tell: Callable[[UUID, str, str], None]) -> Tally:
    """Return what runs came to, one after the other, for as long as each leaves less to do."""
    done = Tally()
    while True:
        run = reconciling.reconcile(at=timezone.now(), after_each=tell)
        is_at_an_end = run.left == 0 or 0 < done.left <= run.left
        done.add(run)
        if is_at_an_end:
            return done
