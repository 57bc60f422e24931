"""Delete expired signup sessions, now."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from audit.services import AuditUnavailableError
from sessions_store import services
from sessions_store.models import AgenticCheckoutSession


def batch_size(text: str) -> int:
    """Return a number of sessions per transaction."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError("a whole number from 1 to 10000")
    return int(text)


class Command(BaseCommand):
    help = "Delete expired signup sessions, batch by batch; what is being submitted stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count them, delete nothing")
        parser.add_argument(
            "--batch-size", type=batch_size, default=500, help="sessions per transaction"
        )

    def handle(self, *, dry_run: bool, batch_size: int, verbosity: int, **options: Any) -> None:
        at = timezone.now()
        due = AgenticCheckoutSession.objects.expired(at).count()
        if dry_run:
            self.stdout.write(f"{due} expired sessions would be deleted.")
            return
        try:
            with tqdm(total=due, unit="session", disable=None if verbosity else True) as bar:
                done = services.forget_expired(
                    at=at,
                    batch_size=batch_size,
                    max_seconds=float("inf"),
                    after_batch=bar.update,
                )
        except AuditUnavailableError as error:
            raise CommandError(f"Stopped: {error}. Run it again when it can be.") from None
        self.stdout.write(self.style.SUCCESS(f"{done.deleted} expired sessions deleted."))
