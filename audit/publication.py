"""Keeping checkpoints where the database's owner cannot reach them: to start with, in a file.

The file only grows, and holds notes as they are, so that anybody can read them. Only what it holds can
show that a log was cut short or restored: keep it on another machine, or ship it there.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from audit.notes import MAX_BYTES, Checkpoint, NoteError, Verifier, read_checkpoint

CHUNK = 1024 * 1024  # bytes that are read at once
LONGEST = 2 * MAX_BYTES  # what is still no note after so many bytes will be none

# the numbers bound the time that it takes, whatever somebody has written
_LINES = r"^[^\n]{1,600}\n([0-9]{1,19})\n[A-Za-z0-9+/=]{1,100}\n(?:[^\n]{1,600}\n){0,16}\n"
_NOTE = re.compile((_LINES + "(?:\u2014 [^\n]{1,600}\n){1,16}").encode(), re.MULTILINE)


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
    """Return the largest checkpoint of this log in the file, wherever it stands; None, if there is none.

    Of what is asked for again, only what was added since is read.

    :raises PublicationError: if the file is there and cannot be read
    """
    asked = (str(file), origin, tuple(known))
    try:
        with file.open("rb") as stream:
            there = os.fstat(stream.fileno())
            seen = _seen.get(asked)
            if seen is None or seen.inode != there.st_ino or seen.end > there.st_size:
                seen = _Seen(there.st_ino)
                tail = _notes(stream, max(0, there.st_size - LONGEST), there.st_size)
                for note, _, _ in reversed(list(tail)):  # so that few signatures need a look
                    seen.take(note, known, origin)
            for note, size, end in _notes(stream, seen.end, there.st_size):
                seen.end = end
                if seen.newest is None or size > seen.newest.size:
                    seen.take(note, known, origin)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PublicationError(f"{file.name} cannot be read: {error.strerror}") from error
    _seen[asked] = seen
    return seen.newest


@dataclass
class _Seen:
    """How far a file was read, and what is the newest in it up to there."""

    inode: int
    end: int = 0
    newest: Checkpoint | None = None

    def take(self, note: str, known: Sequence[Verifier], origin: str) -> None:
        for one in checkpoints(note, known, origin=origin):
            if self.newest is None or one.size > self.newest.size:
                self.newest = one


_seen: dict[tuple[str, str, tuple[Verifier, ...]], _Seen] = {}


def checkpoints(
    text: str, known: Sequence[Verifier], *, origin: str | None = None
) -> Iterator[Checkpoint]:
    """Yield the checkpoints in a text that a known key has signed; what is torn is passed over."""
    for found in _NOTE.finditer(text.encode("utf-8", "replace")):
        try:
            yield read_checkpoint(found[0].decode("utf-8", "replace"), known, origin=origin)
        except NoteError:
            continue


def read(
    stream: BinaryIO, end: int, known: Sequence[Verifier], *, origin: str
) -> Iterator[Checkpoint]:
    """Yield the checkpoints of this log up to an end of the stream, however far, in little memory.

    :raises OSError: if it cannot be read
    """
    for note, _, _ in _notes(stream, 0, end):
        yield from checkpoints(note, known, origin=origin)


def _notes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Yield what looks like a note, the size that it says, and where it ends."""
    stream.seek(start)
    held, at = b"", start  # where the held bytes begin
    while more := stream.read(min(CHUNK, end - at - len(held))):
        held, done = held + more, 0
        is_last = at + len(held) >= end
        for found in _NOTE.finditer(held):
            if found.end() == len(held) and not is_last:
                break  # another signature may follow
            done = found.end()
            yield found[0].decode("utf-8", "replace"), int(found[1]), at + done
        done = max(done, len(held) - LONGEST)
        held, at = held[done:], at + done
