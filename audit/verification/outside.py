"""Checkpoints that were kept outside the database: does this log go through them?"""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from audit import merkle, publication
from audit.models import Checkpoint
from audit.nodes import MissingNodeError, log_node
from audit.notes import Checkpoint as Published
from audit.notes import Verifier
from audit.verification.flaws import Findings, Flaw

BATCH = 500


def read(file: Path, known: Sequence[Verifier], *, origin: str) -> Iterator[Published]:
    """Return the checkpoints of this log in a file, however large, that a known key has signed.

    What is in it is fixed now: call it before the database is looked at, since what is published is
    there already, and more may come.

    :raises PublicationError: if it cannot be read
    """
    try:
        with ExitStack() as opened:
            stream: BinaryIO = opened.enter_context(file.open("rb"))
            if not stream.seekable():  # a pipe ends when its writer does
                copy = opened.enter_context(TemporaryFile())
                shutil.copyfileobj(stream, copy)
                stream = copy
            end = stream.seek(0, os.SEEK_END)
            return _read(file, stream, opened.pop_all(), end, known, origin)
    except OSError as error:
        raise publication.PublicationError(
            f"{file.name} cannot be read: {error.strerror}"
        ) from error


def _read(
    file: Path,
    stream: BinaryIO,
    opened: ExitStack,
    end: int,
    known: Sequence[Verifier],
    origin: str,
) -> Iterator[Published]:
    try:
        with opened:
            yield from publication.read(stream, end, known, origin=origin)
    except OSError as error:
        raise publication.PublicationError(
            f"{file.name} cannot be read: {error.strerror}"
        ) from error


def check(findings: Findings, published: Iterable[Published], *, size: int) -> int:
    """Return how many there are; each that this log does not go through is a finding.

    :param size: of the log, by its newest checkpoint
    """
    number, waiting = 0, iter(published)
    while some := list(islice(waiting, BATCH)):
        kept = Checkpoint.objects.filter(size__in={one.size for one in some})
        roots = dict(kept.values_list("size", "root"))
        for one in some:
            if one.size > size:
                findings.add(Flaw.CUT_SHORT, f"checkpoint {one.size}")
            elif (roots.get(one.size) or root_at(one.size)) != one.root.hex():
                findings.add(Flaw.REWRITTEN, f"checkpoint {one.size}")
        number += len(some)
    return number


def root_at(size: int) -> str:
    """Return the root of the log at this size by the nodes that are kept, in hex; or nothing."""
    try:
        return merkle.root(size, log_node()).hex()
    except MissingNodeError:
        return ""
