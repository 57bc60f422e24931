"""Seal what the ledger recorded, now."""

import sys
import time
from datetime import UTC, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone
from tqdm import tqdm

from audit import sealing_run
from audit.log_keys import GOOD
from audit.models import Pending
from audit.printing import DATABASE_FAILED, counted, reason_of, say
from audit.publication import PublicationError
from audit.sealer import Seal, SealingRefusedError
from audit.sealing_run import Sealed
from audit.services import AuditUnavailableError
from audit.tally import DAYS, recount

SECONDS_BETWEEN_LINES = 10
CANNOT = 2  # the exit code where what was asked could not be done, whatever the ledger is like
RESTORED = (
    "If the database was restored from a backup, go on under a new AUDIT_ORIGIN; else keep everything"
    " as it is and run verify_audit."
)


class Command(BaseCommand):
    help = (
        "Seal what was recorded until nothing waits, and publish the checkpoint. Exits with 1 if the "
        "log is not what was signed, with 2 if it cannot be sealed or published."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--show-key",
            action="store_true",
            help="seal nothing; print the public keys, as AUDIT_VERIFY_KEY takes them",
        )
        parser.add_argument(
            "--tally",
            action="store_true",
            help="seal nothing; count anew, a day at a time, what the console's pictures show",
        )

    def handle(self, *, show_key: bool, tally: bool, verbosity: int, **options: Any) -> None:
        if tally:
            self._count(is_silent=not verbosity)
            return
        if not settings.AUDIT_SIGNERS:
            raise CommandError(f"AUDIT_SIGNING_KEY is not set. Good: {GOOD}", returncode=CANNOT)
        if show_key:
            say(self.stdout, ",".join(str(one.verifier) for one in settings.AUDIT_SIGNERS))
            return
        try:
            done = self._seal(is_silent=not verbosity)
        except SealingRefusedError as error:
            raise CommandError(f"Nothing was sealed: {error}. {RESTORED}") from None
        except PublicationError as error:
            raise CommandError(f"Not published: {error}.", returncode=CANNOT) from None
        except (AuditUnavailableError, Error) as error:
            said = f"Stopped by the database ({reason_of(error)})."
            raise CommandError(said, returncode=DATABASE_FAILED) from None
        except KeyboardInterrupt:
            said = "Stopped. What was sealed stays; run it again for the rest."
            raise CommandError(said, returncode=130) from None
        self._tell(done)
        waiting = Pending.objects.count() if done.is_elsewhere else 0
        if waiting:
            said = (
                f"{counted(waiting, 'record')} wait: somebody else is sealing, or keeps us from it."
            )
            raise CommandError(said, returncode=CANNOT)

    def _count(self, *, is_silent: bool) -> None:
        """Count each day by itself, while sealing goes on."""
        today, records = timezone.now().astimezone(UTC).date(), 0
        days = [today - timedelta(days=back) for back in range(DAYS)]
        try:
            for day in tqdm(days, unit="day", disable=True if is_silent else None):
                records += recount(day)
        except Error as error:
            said = f"Stopped by the database ({reason_of(error)})."
            raise CommandError(said, returncode=DATABASE_FAILED) from None
        except KeyboardInterrupt:
            said = "Stopped. Days that were counted stay so; run it again for the rest."
            raise CommandError(said, returncode=130) from None
        told = f"{counted(records, 'sealed record')} of the last {DAYS} days counted."
        say(self.stdout, self.style.SUCCESS(told))

    def _seal(self, *, is_silent: bool) -> Sealed:
        """Seal: with a bar where a person watches, else with a line now and then."""
        sealed, next_line = 0, time.monotonic() + SECONDS_BETWEEN_LINES

        def tell(made: Seal) -> None:
            nonlocal sealed, next_line
            sealed += made.events
            bar.update(made.events)
            if is_piped and time.monotonic() >= next_line:
                next_line = time.monotonic() + SECONDS_BETWEEN_LINES
                say(self.stdout, f"{sealed} of {total} records sealed so far.")

        total = Pending.objects.count()
        is_piped = not (is_silent or sys.stderr.isatty())
        with tqdm(total=total, unit="record", disable=is_silent or is_piped) as bar:
            return sealing_run.run(sealing_run.configured(), now=timezone.now, after_seal=tell)

    def _tell(self, done: Sealed) -> None:
        if done.left_out:
            records = counted(done.left_out, "record")
            say(
                self.stderr, f"{records} left out: gone or not what was recorded; run verify_audit."
            )
        where = settings.AUDIT_CHECKPOINT_FILE if done.is_published else "nowhere"
        said = (
            f"{counted(done.records, 'record')} sealed. Checkpoint {done.size}, published {where}."
        )
        say(self.stdout, self.style.SUCCESS(said))
