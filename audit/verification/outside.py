"""Checkpoints that were kept outside the database: does this log go through them?"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from audit import merkle, publication
from audit.models import Checkpoint
from audit.nodes import MissingNodeError, log_node
from audit.notes import Checkpoint as Published
from audit.notes import Verifier
from audit.verification.flaws import Findings, Flaw

BATCH = 500
SIGNATURE = "\u2014 "  # how the last lines of a note begin


def read(file: Path, known: Sequence[Verifier], *, origin: str) -> Iterator[Published]:
    """Yield the checkpoints of this log in a file, however large, that a known key has signed.

    :raises PublicationError: if it cannot be read
    """
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            for text in _notes(stream):
                yield from publication.checkpoints(text, known, origin=origin)
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


def _notes(lines: Iterable[str]) -> Iterator[str]:
    """Yield texts of which each ends with the signatures of a note."""
    held: list[str] = []
    for line in lines:
        if held and held[-1].startswith(SIGNATURE) and not line.startswith(SIGNATURE):
            yield "".join(held)
            held = []
        held.append(line)
    yield "".join(held)
