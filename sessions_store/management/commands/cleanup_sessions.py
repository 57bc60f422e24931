"""Delete expired signup sessions, now."""

import sys
import time
from argparse import ArgumentTypeError
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from audit.printing import say
from audit.services import AuditUnavailableError
from sessions_store import forgetting
from sessions_store.forgetting import Due, Forgotten

SECONDS_BETWEEN_LINES = 10


def batch_size(text: str) -> int:
    """Return a number of sessions per transaction."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= forgetting.MOST_SIZE:
        raise ArgumentTypeError(f"a whole number from 1 to {forgetting.MOST_SIZE}")
    return int(text)


class Command(BaseCommand):
    help = "Delete expired signup sessions, batch by batch; what is being submitted stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count them, delete nothing")
        parser.add_argument(
            "--batch-size",
            type=batch_size,
            help="sessions per transaction (default: as many as take a moment)",
        )

    def handle(
        self, *, dry_run: bool, batch_size: int | None, verbosity: int, **options: Any
    ) -> None:
        at = timezone.now()
        due = forgetting.due(at=at)
        if dry_run:
            self._tell(due)
            return
        try:
            done = self._forget(due, at=at, batch_size=batch_size, is_silent=not verbosity)
        except AuditUnavailableError as error:
            raise CommandError(f"Stopped: {error}. Run it again when it can be.") from None
        except KeyboardInterrupt:
            said = "Stopped. What was deleted is recorded; run it again for the rest."
            raise CommandError(said, returncode=130) from None
        say(self.stdout, self.style.SUCCESS(f"{done.deleted} expired sessions deleted."))

    def _forget(self, due: Due, *, is_silent: bool, **how: Any) -> Forgotten:
        """Delete them: with a bar where a person watches, else with a line now and then."""
        deleted, next_line = 0, time.monotonic() + SECONDS_BETWEEN_LINES

        def tell(gone: int) -> None:
            nonlocal deleted, next_line
            deleted += gone
            bar.update(gone)
            if is_piped and time.monotonic() >= next_line:
                next_line = time.monotonic() + SECONDS_BETWEEN_LINES
                say(self.stdout, f"{deleted} of {due.total} expired sessions deleted so far.")

        is_piped = not (is_silent or sys.stderr.isatty())
        with tqdm(total=due.total, unit="session", disable=is_silent or is_piped) as bar:
            return forgetting.forget_expired(max_seconds=float("inf"), after_batch=tell, **how)

    def _tell(self, due: Due) -> None:
        """Say what would be deleted."""
        say(self.stdout, f"{due.total} expired sessions would be deleted.")
        if due.oldest is not None:
            by_status = ", ".join(f"{number} {status}" for status, number in due.by_status.items())
            oldest = due.oldest.astimezone(UTC)
            say(self.stdout, f"{by_status}; the oldest expired {oldest:%Y-%m-%d %H:%M} UTC.")
