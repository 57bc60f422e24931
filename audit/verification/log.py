"""The walk over the log: every leaf with its record, every seal with its signature."""

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from audit import leaves, merkle, notes, stored
from audit.canonical import moment
from audit.models import Checkpoint, Node
from audit.verification.flaws import Findings, Flaw
from audit.verification.tree import Regrown
from audit.waiting import AHEAD

LONGEST_TRANSACTION = timedelta(minutes=15)  # so much later than it says can a record be committed


class LogWalk:
    """How far the walk has come, and what the leaves said up to there."""

    def __init__(
        self,
        findings: Findings,
        *,
        known: Sequence[notes.Verifier],
        origin: str,
        checkpoints: Iterator[Checkpoint],
        trails: int,
    ) -> None:
        self._findings, self._known, self._origin = findings, known, origin
        self._checkpoints = checkpoints
        self._tree = Regrown(findings, Node)
        self._has_gap = False  # then no root can be compared any more
        self._is_as_signed = True
        self._seal: Checkpoint | None = None  # the one that is to come
        self._from = self._until = ""
        self.last: Checkpoint | None = None
        self.size = self.events = self.seals = 0
        self.counts = array("q", bytes(8 * trails))  # records by the number of their subject
        self._await_seal()

    def take(self, rows: Sequence[stored.Row]) -> None:
        """Go on with these leaves."""
        for row in rows:
            self._take(row)
        self._tree.compare()

    def end(self) -> None:
        """Look whether anything is missing behind the last leaf."""
        newest = self._seal
        while self._seal is not None:
            newest = self._seal
            self._close(newest, None)
        if newest is not None:
            self._findings.add(Flaw.NO_LEAF, _leaves(self.size, newest.size))
        elif not self._has_gap:
            self._tree.end()

    def _take(self, row: stored.Row) -> None:
        index, leaf, event_id = row[:3]
        if index < self.size:
            self._findings.add(Flaw.BEYOND, f"leaf #{index}")
            return
        if index > self.size:
            self._findings.add(Flaw.NO_LEAF, _leaves(self.size, index))
            self._has_gap = True
        while self._seal is not None and self._seal.size <= index:
            self._close(self._seal, None)
        self.size = index + 1
        if not self._has_gap:
            self._tree.append(leaf)
        if self._seal is None:
            self._findings.add(Flaw.BEYOND, f"leaf #{index}")
        elif self._seal.size == self.size:
            self._close(self._seal, leaf)
        elif event_id is None:
            self._findings.add(Flaw.NO_CHECKPOINT, f"leaf #{index}")
        else:
            self._check_record(row)

    def _check_record(self, row: stored.Row) -> None:
        index, _, event_id, subject, subject_seq, _, *values = row
        self.events += 1
        flaw = flaw_of(row)
        if flaw is None and not self._from <= values[stored.CREATED_AT] <= self._until:
            flaw = Flaw.BACK_DATED
        if flaw is None and not self._has_trail(subject):
            flaw = Flaw.OTHER_TRAIL
        if flaw:
            self._findings.add(flaw, record_at(event_id, index))
        if self._has_trail(subject):
            if subject_seq != self.counts[subject] + 1:
                self._findings.add(Flaw.NOT_THE_NEXT, record_at(event_id, index))
            if subject_seq is not None:  # so that each that is missing is named once
                self.counts[subject] = subject_seq

    def _has_trail(self, subject: Any) -> bool:
        return subject is not None and 0 <= subject < len(self.counts)

    def _close(self, seal: Checkpoint, leaf: Any) -> None:
        """Check the seal that ends here; its leaf is None, if that is not there."""
        where, last = f"checkpoint {seal.size}", self.last
        size, events_total = (last.size, last.events_total) if last else (0, 0)
        if leaf is not None and merkle.leaf_hash(seal.leaf()) != leaf:
            self._findings.add(Flaw.SEAL_CHANGED, where)
        if (seal.prev_size, seal.events_total) != (size, events_total + seal.size - size - 1):
            self._findings.add(Flaw.MISCOUNTED, where)
        if self._is_as_signed and not self._has_gap and self._tree.root != seal.root:
            self._findings.add(Flaw.OTHER_TREE, f"{where}, over {_leaves(size, seal.size)},")
            self._is_as_signed = False  # of the later ones nothing else can be expected
        if not is_signed(seal, self._known, self._origin):
            self._findings.add(Flaw.NOT_SIGNED, where)
        self.last = seal
        self.seals += 1
        self._await_seal()

    def _await_seal(self) -> None:
        self._seal = seal = next(self._checkpoints, None)
        if seal is not None:
            self._from = _shifted(seal.since, -LONGEST_TRANSACTION) if seal.since else ""
            self._until = _shifted(seal.sealed_at, AHEAD)


def _shifted(at: datetime, by: timedelta) -> str:
    try:
        return moment(at + by)
    except OverflowError:  # at the end of all time
        return moment(at)


def flaw_of(row: stored.Row) -> Flaw | None:
    """Return what is wrong with a sealed record, as far as it and its leaf can say."""
    index, leaf, event_id, _, subject_seq, tag, *values = row
    if values[stored.ID] is None:
        return Flaw.GONE
    if not stored.is_unchanged(values):
        return Flaw.CHANGED
    own_tag = stored.tag_of(values[stored.USER_ID])
    said = leaves.event_leaf(
        event_id=event_id,
        content_hash=values[-1],
        log_index=index,
        subject_tag=own_tag,
        subject_seq=subject_seq,
    )
    if merkle.leaf_hash(said) != leaf:
        return Flaw.NOT_AS_SEALED
    return None if tag == own_tag else Flaw.OTHER_TRAIL


def is_signed(seal: Checkpoint, known: Sequence[notes.Verifier], origin: str) -> bool:
    """Say whether a known key has signed the seal's note, and it says the seal's size and root."""
    # after a new beginning the older notes bear the older name, which is that of their key
    origins = {origin, *(one.name for one in known)}
    try:
        said = notes.read_checkpoint(seal.note, known)
    except notes.NoteError:
        return False
    return said.origin in origins and (said.size, said.root.hex()) == (seal.size, seal.root)


def record_at(event_id: str, index: int) -> str:
    """Return the name of a sealed record."""
    return f"record {event_id} (#{index})"


def _leaves(start: int, end: int) -> str:
    """Return the name of the leaves from one number on, up to before the other."""
    return f"leaf #{start}" if end - start == 1 else f"leaves #{start} to #{end - 1}"
