"""How commands print while they work, and how they say that the database failed them."""

import os
import sys
from errno import EPIPE

from django.core.management.base import OutputWrapper
from django.db import Error

DATABASE_FAILED = 2  # the exit code: what was asked could not be found out, or not be finished

# Of a database's own words only these are repeated: the others may hold names, or a whole row.
_KNOWN_REASONS = (
    "connection refused",
    "no such file or directory",
    "timeout expired",
    "could not translate host name",
    "password authentication failed",
    "too many clients",
    "server closed the connection",
    "unable to open database file",
    "no such table",
    "does not exist",
    "database is locked",
    "disk is full",
    "disk i/o error",
)


def say(out: OutputWrapper, line: str) -> None:
    """Print a line at once; where it cannot be written, the printing ends and not the work.

    A reader that went away had enough; any other reason is named on stderr.
    """
    try:
        out.write(line)
        out.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())  # what is left in the buffer goes there, too
        os.close(nowhere)
        if error.errno != EPIPE:
            print(f"What is printed gets lost: {error.strerror}.", file=sys.stderr)


def counted(number: int, thing: str) -> str:
    """Return "1 login", "2 logins"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def reason_of(error: BaseException) -> str:
    """Return by name why the database failed, and in its words where they are harmless."""
    cause = error.__cause__ if isinstance(error.__cause__, Error) else error
    words = str(cause).lower()
    known = next((reason for reason in _KNOWN_REASONS if reason in words), None)
    return f"{type(cause).__name__}: {known}" if known else type(cause).__name__
