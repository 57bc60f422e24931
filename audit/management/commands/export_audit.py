"""Take a trail home, or the whole ledger, as a table or as a bundle that proves what it says."""

import os
import stat
import sys
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

from audit.actions import SYSTEM
from audit.exporting import SinceSizeError, Wanted, export
from audit.nodes import MissingNodeError
from audit.printing import DATABASE_FAILED, reason_of
from audit.reading_room import id_sought
from audit.services import AuditUnavailableError

NOBODY_READS = 141  # as a shell says it of who was stopped by SIGPIPE


def moment(text: str) -> datetime:
    """Return a moment; a day begins at midnight, UTC."""
    try:
        day = parse_date(text)
        at = None if day else parse_datetime(text)
    except ValueError:
        day = at = None
    if day is not None:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    if at is None or at.tzinfo is None:
        raise ArgumentTypeError("a day (2026-07-14) or a moment with its zone (2026-07-14T12:00Z)")
    return at


def tree_size(text: str) -> int:
    """Return the size of an older checkpoint."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1 << 63:
        raise ArgumentTypeError("a whole number from 1")
    return int(text)


class Command(BaseCommand):
    help = (
        "Export one person's audit trail, or the whole ledger. As jsonl it is a bundle that proves what "
        "it says: see docs/verify.md and verify_trail.py. The export is recorded first. A file appears "
        "whole or not at all. Exits with 1 where something was wrong with what was asked or the file, "
        "with 2 where the database failed, the export could not be recorded, or the log is damaged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--user", metavar="EMAIL|UUID", help="whose trail (default: the whole ledger)"
        )
        parser.add_argument("--format", choices=["csv", "jsonl"], default="jsonl")
        parser.add_argument("--since", type=moment, help="recorded at that time or later")
        parser.add_argument("--until", type=moment, help="recorded before that time")
        parser.add_argument(
            "--since-size",
            type=tree_size,
            metavar="SIZE",
            help="of an older checkpoint: prove also that the log only grew since (jsonl)",
        )
        parser.add_argument(
            "--output", metavar="FILE", default="-", help="default: -, the standard output"
        )

    def handle(self, *, output: str, verbosity: int, **options: Any) -> None:
        at = timezone.now()
        try:
            with _opened(output) as out, _bar(verbosity) as bar:
                for piece in export(_wanted(**options), actor=SYSTEM, at=at):
                    out.write(piece)
                    bar.update(piece.count(b"\n"))
                out.flush()
        except BrokenPipeError:
            _drop_the_rest()
            sys.exit(NOBODY_READS)
        except SinceSizeError as error:
            raise CommandError(f"--since-size: {error}") from None
        except (AuditUnavailableError, Error) as error:
            said = f"Nothing was exported: the database failed ({reason_of(error)})."
            if output == "-":
                said = (
                    f"Stopped by the database ({reason_of(error)}): what was printed is not whole."
                )
            raise CommandError(said, returncode=DATABASE_FAILED) from None
        except MissingNodeError as error:
            said = "Nothing was exported" if output != "-" else "What was printed is not whole"
            raise CommandError(
                f"{said}: the log is damaged, and this cannot be proved ({error})."
                " Run: manage.py verify_audit; --format csv does without proofs.",
                returncode=DATABASE_FAILED,
            ) from None
        except OSError as error:
            raise CommandError(f"It cannot be written: {error.strerror}.") from None
        except KeyboardInterrupt:
            raise CommandError("Stopped: what was exported is not whole.", returncode=130) from None


def _wanted(*, user: str | None, since_size: int | None, **options: Any) -> Wanted:
    user_id = id_sought(user) if user else None
    if user is not None and user_id is None:
        raise CommandError("There is no such person: give their e-mail, or their id.")
    filters = {name: options[name] for name in ("since", "until") if options.get(name)}
    return Wanted(user_id, options["format"], filters, since_size)


@contextmanager
def _opened(output: str) -> Iterator[IO[bytes]]:
    """Open what is written to; a file is put in its place when all of it is on the disk.

    :raises CommandError: if something else than a file stands there
    """
    if output == "-":
        yield sys.stdout.buffer
        return
    file = Path(output).resolve()
    if file.exists() and not stat.S_ISREG(file.stat().st_mode):
        raise CommandError(f"{output} is no file. To write to a pipe: --output -")
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # for us alone
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(file)
    finally:
        Path(draft).unlink(missing_ok=True)


def _bar(verbosity: int) -> "tqdm[Any]":
    is_watched = bool(verbosity) and sys.stderr.isatty()
    return tqdm(unit="line", unit_scale=True, disable=not is_watched)


def _drop_the_rest() -> None:
    """Let Python find nothing to complain about when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
