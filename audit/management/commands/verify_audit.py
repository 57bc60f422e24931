"""Verify the whole ledger: each record, each leaf of its log, each signature."""

import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone
from tqdm import tqdm

from audit import verification
from audit.models import Leaf
from audit.notes import Checkpoint
from audit.printing import DATABASE_FAILED, counted, reason_of, say
from audit.publication import PublicationError
from audit.verification import CannotVerifyError, Report, outside

CANNOT_VERIFY = DATABASE_FAILED
LISTED = 100
MOST_IN_BATCH = 100_000
SECONDS_BETWEEN_LINES = 10


def batch_size(text: str) -> int:
    """Return a number of records per read."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_IN_BATCH:
        raise ArgumentTypeError(f"a whole number from 1 to {MOST_IN_BATCH}")
    return int(text)


class Command(BaseCommand):
    help = (
        "Walk the log of the ledger from its first leaf and compute all of it again: records, places, "
        "counts, roots and signatures. Changes nothing. Exits with 1 if anything is not as it was "
        "sealed (the first wrong record on its own line), with 2 where that cannot be found out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoint",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="checkpoints kept outside of the database, besides AUDIT_CHECKPOINT_FILE; can be "
            "given more than once. Nothing else shows that the log was cut short or rewritten",
        )
        parser.add_argument(
            "--batch-size",
            type=batch_size,
            default=verification.BATCH,
            help=f"records per read (default: {verification.BATCH})",
        )

    def handle(
        self, *, checkpoint: list[Path], batch_size: int, verbosity: int, **options: Any
    ) -> None:
        try:
            with self._progress(verbosity) as reach:
                report = verification.verify(
                    known=settings.AUDIT_VERIFIERS,
                    origin=settings.AUDIT_ORIGIN,
                    at=timezone.now(),
                    published=_published(checkpoint),
                    batch=batch_size,
                    after_batch=reach,
                )
        except (CannotVerifyError, PublicationError) as error:
            raise CommandError(f"Cannot verify: {error}.", returncode=CANNOT_VERIFY) from None
        except Error as error:
            said = f"Stopped by the database ({reason_of(error)})."
            raise CommandError(said, returncode=CANNOT_VERIFY) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped. Nothing was changed.", returncode=130) from None
        self._tell(report, verbosity)

    @contextmanager
    def _progress(self, verbosity: int) -> Iterator[Callable[[int], None]]:
        """Show how far the walk is: with a bar where a person watches, else a line now and then."""
        total, next_line = Leaf.objects.count(), time.monotonic() + SECONDS_BETWEEN_LINES
        is_piped = bool(verbosity) and not sys.stderr.isatty()

        def reach(seen: int) -> None:
            nonlocal next_line
            bar.update(seen - bar.n)
            if is_piped and time.monotonic() >= next_line:
                next_line = time.monotonic() + SECONDS_BETWEEN_LINES
                say(self.stdout, f"{seen} of {total} leaves looked at.")

        with tqdm(total=total, unit="leaf", disable=None if verbosity else True) as bar:
            yield reach

    def _tell(self, report: Report, verbosity: int) -> None:
        if report.findings:
            say(self.stderr, f"First wrong: {report.findings[0]}.")
            others = report.findings[1:] if verbosity > 1 else report.findings[1:LISTED]
            for finding in others:
                say(self.stderr, f"{finding}.")
            if len(others) + 1 < report.found:
                say(self.stderr, f"… and {report.found - len(others) - 1} more.")
        seals = counted(report.checkpoints, "checkpoint")
        said = (
            f"{counted(report.events, 'sealed record')}, {seals}, {report.unsealed} not sealed yet"
        )
        say(self.stdout, f"{said}.")
        say(self.stdout, _outside(report))
        if report.found:
            raise CommandError(f"The ledger is not sound: {counted(report.found, 'finding')}.")
        say(self.stdout, self.style.SUCCESS("All of it is as it was sealed."))


def _outside(report: Report) -> str:
    if not report.outside:
        return "No checkpoint from outside was at hand: a log that was cut short would not show."
    return f"Held against {counted(report.outside, 'checkpoint')} from outside."


def _published(given: Sequence[Path]) -> Iterator[Checkpoint]:
    """Return the checkpoints that are in these files now, and in the one that is written by us.

    :raises PublicationError: if a file cannot be read
    :raises CannotVerifyError: on the way, if a file holds none that can be believed
    """
    ours = Path(settings.AUDIT_CHECKPOINT_FILE) if settings.AUDIT_CHECKPOINT_FILE else None
    files = [*([ours] if ours and _is_begun(ours) else []), *given]
    known, origin = settings.AUDIT_VERIFIERS, settings.AUDIT_ORIGIN
    return _all([(file, outside.read(file, known, origin=origin)) for file in files])


def _all(files: Sequence[tuple[Path, Iterator[Checkpoint]]]) -> Iterator[Checkpoint]:
    for file, checkpoints in files:
        is_used = False
        for one in checkpoints:
            is_used = True
            yield one
        if not is_used:
            raise CannotVerifyError(f"{file.name} holds no checkpoint of this log by a known key")


def _is_begun(file: Path) -> bool:
    """Return whether something was published in our file.

    :raises PublicationError: if that cannot be seen
    """
    try:
        return file.exists() and bool(file.stat().st_size)
    except OSError as error:
        said = f"AUDIT_CHECKPOINT_FILE cannot be read: {error.strerror}"
        raise PublicationError(said) from error
