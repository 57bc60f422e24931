"""Keeping checkpoints where the database's owner cannot reach them: to start with, in a file.

The file only grows, and holds notes as they are, so that anybody can read them. Only what it holds can
show that a log was cut short or restored: keep it on another machine, or ship it there.
"""

import errno
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.notes import Checkpoint, NoteError, Verifier, read_checkpoint

TAIL = 64 * 1024  # bytes in which the newest note is looked for

_NOTE = re.compile(
    r"^[^\n]+\n[0-9]+\n[A-Za-z0-9+/=]+\n(?:[^\n]+\n)*\n(?:\u2014 [^\n]+\n)+", re.MULTILINE
)


class PublicationError(Exception):
    """The published checkpoints cannot be read or written; the text says why."""


def publish(file: Path, note: str) -> None:
    """Add a checkpoint to the file; when it returns, it is on the disk.

    :raises PublicationError: if it cannot be written
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            # empty lines: what was torn off before ends here, and is no part of this note
            added = f"\n\n{note}".encode()
            if os.write(handle, added) < len(added):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise PublicationError(f"{file.name} cannot be written: {error.strerror}") from error


def newest(file: Path, known: Sequence[Verifier], *, origin: str) -> Checkpoint | None:
    """Return the newest checkpoint of this log in the file; None, if there is none yet.

    :raises PublicationError: if the file is there and cannot be read
    """
    for most in (TAIL, sys.maxsize):  # further up only if there is none in the end
        found = list(checkpoints(_end_of(file, most), known, origin=origin))
        if found:
            return max(found, key=lambda one: one.size)
    return None


def checkpoints(
    text: str, known: Sequence[Verifier], *, origin: str | None = None
) -> Iterator[Checkpoint]:
    """Yield the checkpoints in a text that a known key has signed; what is torn is passed over."""
    for note in _NOTE.findall(text):
        try:
            yield read_checkpoint(note, known, origin=origin)
        except NoteError:
            continue


def _end_of(file: Path, most: int) -> str:
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - most))
            return stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise PublicationError(f"{file.name} cannot be read: {error.strerror}") from error
