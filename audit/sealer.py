"""Sealing: what was recorded becomes leaves of the log, and a signature says how far it has come.

One process seals at a time; writers never wait for it. The order of the leaves is the sealer's own, so
that it is no matter in which order transactions commit. Before anything is added, what the database
says of the log is compared with what was signed.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from audit import bulk, leaves, merkle, notes, subjects, tally, tally_gaps, turns, waiting
from audit.actions import SYSTEM, Action
from audit.models import Checkpoint, Leaf, Node
from audit.models.log import LEVELS, place
from audit.nodes import MissingNodeError, log_node
from audit.services import record
from audit.waiting import Event

logger = logging.getLogger(__name__)

BATCH = 5_000
HEARTBEAT = timedelta(hours=1)

_OF_LEAF = ("log_index", "leaf_hash", "event_id", "subject", "subject_seq")

LeafRow = tuple[int, bytes, UUID | None, int | None, int | None]
NodeRow = tuple[int, bytes]


class SealingRefusedError(Exception):
    """The log is not the one that was signed before: to sign it would hide that."""


class SealedElsewhereError(Exception):
    """Somebody else is sealing just now, or keeps everybody from it."""


@dataclass(frozen=True)
class Seal:
    """One checkpoint, and what it took in."""

    checkpoint: Checkpoint
    events: int
    left_out: int  # records that are gone, or are not what was recorded
    is_drained: bool  # nothing else was due


def seal(
    *,
    at: datetime,
    signers: Sequence[notes.Signer],
    origin: str,
    known: Sequence[notes.Verifier] = (),
    signed: notes.Checkpoint | None = None,
    batch: int = BATCH,
    is_told: bool = True,
) -> Seal | None:
    """Return the new checkpoint over what is waiting, or None, if nothing is.

    An hour after the last one there is a checkpoint without news, as proof that there was none.

    :param known: whose signatures count besides those of who signs now
    :param signed: the newest checkpoint that is known elsewhere: the log must go through it
    :param batch: how many records are taken at most
    :param is_told: whether the ledger itself notes that it was sealed, for the next seal to take in
    :raises SealingRefusedError: if the log is not what the last checkpoint says
    :raises SealedElsewhereError: if somebody else is at it
    """
    with transaction.atomic():
        if not turns.take():
            raise SealedElsewhereError("somebody else is sealing")
        last = Checkpoint.objects.order_by("-size").first()
        events: list[Event] = []
        is_drained, left_out = False, 0
        ids: list[str] | None = None
        while not (events or is_drained):  # where all of a batch is left out, others come after it
            before, ids = ids, waiting.due(batch + 1, at)
            is_drained = len(ids) <= batch or ids == before  # what cannot even be put aside
            events = waiting.sound(ids[:batch], at)
            left_out += min(len(ids), batch) - len(events)
        if not _is_due(events, last, at):
            return None
        previous = _origin_of(last)
        tree = _tree_after(last, [*known, *(one.verifier for one in signers)])
        if signed:
            must_begin_with(signed, last)
        covers_all = is_drained and not waiting.is_any_early(at)
        checkpoint = _grow(tree, last, events, at=at, is_drained=covers_all)
        root = bytes.fromhex(checkpoint.root)
        checkpoint.note = notes.Checkpoint(origin, checkpoint.size, root).signed_by(signers)
        checkpoint.save()
        waiting.among([event["id"] for event in events]).delete()
        tally.add(events)
        tally_gaps.went_on(last, checkpoint.events_total, at)
        is_renamed = previous not in (None, origin)
        if is_renamed:
            logger.warning("[audit] The log goes on under another name: %s", origin)
        if is_told or is_renamed:
            renamed = {"origin": origin} if is_renamed else {}
            _tell(checkpoint, len(events), at=at, more=renamed)
    return Seal(checkpoint, len(events), left_out, is_drained)


def must_begin_with(signed: notes.Checkpoint, last: Checkpoint | None) -> None:
    """Pass a log that goes through what was signed.

    :raises SealingRefusedError: if it does not
    """
    if last is None or last.size < signed.size:
        raise SealingRefusedError("the log is shorter than the one that was published")
    try:
        proof = merkle.hashes(merkle.consistency_spans(signed.size, last.size), log_node())
        root = bytes.fromhex(last.root)
        merkle.check_consistency(signed.size, last.size, signed.root, root, proof)
    except (MissingNodeError, merkle.ProofError):
        raise SealingRefusedError("the log is not the one that was published") from None


def _is_due(events: Sequence[Event], last: Checkpoint | None, at: datetime) -> bool:
    if any(event["action"] != Action.AUDIT_SEALED for event in events):
        return True  # a seal's own record waits for company
    return last is not None and at - last.sealed_at >= HEARTBEAT


def _grow(
    tree: merkle.Frontier,
    last: Checkpoint | None,
    events: Sequence[Event],
    *,
    at: datetime,
    is_drained: bool,
) -> Checkpoint:
    """Return the next checkpoint, not signed yet, with all its leaves in the log."""
    checkpoint = Checkpoint(
        sealed_at=at,
        since=_since(last, at),
        is_drained=is_drained,
        prev_size=tree.size,
        events_total=(last.events_total if last else 0) + len(events),
    )
    rows: list[LeafRow] = []
    nodes: list[NodeRow] = []
    try:
        ids = {event["user_id"] for event in events}
        of_id = {one: UUID(one) if one else None for one in ids}
        known = subjects.known(of_id.values())
        whose = {one: known[user_id] for one, user_id in of_id.items()}
        for event in events:
            subject = whose[event["user_id"]]
            subject.sealed += 1
            leaf = leaves.event_leaf(
                event_id=event["id"],
                content_hash=event["content_hash"],
                log_index=tree.size,
                subject_tag=subject.tag,
                subject_seq=subject.sealed,
            )
            of_event = (event["id"], subject.number, subject.sealed)
            rows.append((tree.size, _add(tree, leaf, nodes), *of_event))
        checkpoint.subjects, subjects_root = subjects.save(whose.values())
    except (MissingNodeError, subjects.ForgedError) as error:
        raise SealingRefusedError(
            f"the subjects of the log are not what was signed: {error}"
        ) from None
    checkpoint.subjects_root = subjects_root.hex()
    rows.append((tree.size, _add(tree, checkpoint.leaf(), nodes), None, None, None))
    bulk.insert(Leaf, _OF_LEAF, rows)
    bulk.insert(Node, ("place", "hash"), nodes)
    checkpoint.size, checkpoint.root = tree.size, tree.root().hex()
    return checkpoint


def _add(tree: merkle.Frontier, leaf: bytes, nodes: list[NodeRow]) -> bytes:
    """Return the hash of a leaf that was added to the tree; what it completes joins the nodes."""
    made = merkle.leaf_hash(leaf)
    nodes += [
        (place(level, index), above)
        for level, index, above in tree.append(made)
        if level % LEVELS == 0
    ]
    return made


def _tree_after(last: Checkpoint | None, known: Sequence[notes.Verifier]) -> merkle.Frontier:
    """Return the tree to go on with.

    :raises SealingRefusedError: if it is not the one that the last checkpoint signed
    """
    size = last.size if last else 0
    if Leaf.objects.filter(log_index__gte=size).exists():
        raise SealingRefusedError("the log goes on after its last checkpoint")
    if last is None:
        return merkle.Frontier()
    node = log_node()
    try:
        tree = merkle.Frontier.of(size, node)
        its_leaf, subjects_root = node(0, size - 1), subjects.root(last.subjects)
    except MissingNodeError as error:
        raise SealingRefusedError(f"the log is not what was signed: {error}") from None
    if tree.root().hex() != last.root or its_leaf != merkle.leaf_hash(last.leaf()):
        raise SealingRefusedError("the log is not what its last checkpoint says")
    if subjects_root.hex() != last.subjects_root or subjects.how_many() != last.subjects:
        raise SealingRefusedError("the subjects of the log are not what was signed")
    if not _is_signed(
        last, known
    ):  # under another name as well: what the note says is not believed
        raise SealingRefusedError(
            "no key in AUDIT_VERIFY_KEY has signed the last checkpoint, which names"
            f" {_origin_of(last)!r}"
        )
    return tree


def _is_signed(last: Checkpoint, known: Sequence[notes.Verifier]) -> bool:
    try:
        said = notes.read_checkpoint(last.note, known)
    except notes.NoteError:
        return False
    return (said.size, said.root.hex()) == (last.size, last.root)


def _origin_of(last: Checkpoint | None) -> str | None:
    return last.note.partition("\n")[0] if last else None


def _since(last: Checkpoint | None, at: datetime) -> datetime | None:
    """Return from when on what is waiting was recorded: since there was last nothing waiting."""
    if (
        last is not None and at < last.sealed_at
    ):  # a clock was wrong: believe no seal of a time to come
        earlier = Checkpoint.objects.filter(sealed_at__lte=at).order_by("-size").first()
        last = earlier or last
    if last is None or (last.since is None and not last.is_drained):
        return None
    since = last.sealed_at if last.is_drained else last.since
    return min(since, at) if since else None


def _tell(checkpoint: Checkpoint, events: int, *, at: datetime, more: dict[str, str]) -> None:
    said = {"tree_size": checkpoint.size, "events": events, "root": checkpoint.root}
    record(action=Action.AUDIT_SEALED, user_id=None, actor=SYSTEM, at=at, metadata=said | more)
