"""Proofs about the log, from what is kept of its two trees: of one record, and of a whole trail.

All are against one checkpoint, the newest. The sealer may go on meanwhile.
"""

from dataclasses import dataclass
from uuid import UUID

from audit import leaves, merkle
from audit.models import Checkpoint, Leaf, Subject
from audit.nodes import MissingNodeError, log_node, subject_node

TRIES = 5  # a seal comes every few seconds, and a try takes milliseconds


@dataclass(frozen=True)
class RecordProof:
    """That a record is in the log: its leaf's place, and the hashes from there up to the root."""

    checkpoint: Checkpoint
    log_index: int
    subject_seq: int
    inclusion: list[bytes]


@dataclass(frozen=True)
class SubjectProof:
    """How many records of a trail are sealed; the hashes lead up to the root in the seal."""

    number: int
    salt: str
    sealed: int
    inclusion: list[bytes]


@dataclass(frozen=True)
class Standing:
    """What one checkpoint says: of the log, and of a trail, if one is asked for and in the log."""

    checkpoint: Checkpoint
    seal: list[bytes]  # the proof that its own leaf is the last one
    subject: SubjectProof | None


def newest_checkpoint() -> Checkpoint | None:
    """Return how far the log has come; None, if nothing is sealed yet."""
    return Checkpoint.objects.order_by("-size").first()


def of_record(record_id: UUID) -> RecordProof | None:
    """Return the proof that a record is in the log; None, while it waits to be sealed.

    :raises MissingNodeError: if something of the log is gone that the proof would be made of
    """
    leaf = Leaf.objects.filter(event_id=record_id).first()
    checkpoint = newest_checkpoint()  # after the leaf, so that it holds it
    if leaf is None or leaf.subject_seq is None:
        return None
    if checkpoint is None or checkpoint.size <= leaf.log_index:
        raise MissingNodeError(f"no checkpoint after leaf {leaf.log_index}")
    spans = merkle.inclusion_spans(leaf.log_index, checkpoint.size)
    inclusion = merkle.hashes(spans, log_node())
    return RecordProof(checkpoint, leaf.log_index, leaf.subject_seq, inclusion)


def standing(user_id: UUID | None) -> Standing | None:
    """Return what the newest checkpoint says; None, if nothing is sealed yet.

    What is not as it was signed is returned as it is: whoever checks it is to see that.

    :param user_id: whose trail is asked for; None: the log alone
    :raises MissingNodeError: if something is gone that the proofs would be made of
    """
    checkpoint, subject = newest_checkpoint(), None
    for _ in range(TRIES):
        if checkpoint is None:
            return None
        subject = _subject(user_id, checkpoint) if user_id else None
        newest = newest_checkpoint()
        if newest is None or newest.size == checkpoint.size:
            break
        checkpoint = newest  # a seal came meanwhile: what was read may be older or newer
    return Standing(checkpoint, _seal(checkpoint), subject) if checkpoint else None


def consistency(old: int, checkpoint: Checkpoint) -> list[bytes]:
    """Return the proof that the log of this size only grew up to the checkpoint.

    :raises ValueError: if it was never that small, or is not that large
    :raises MissingNodeError: if something is gone that the proof would be made of
    """
    return merkle.hashes(merkle.consistency_spans(old, checkpoint.size), log_node())


def _seal(checkpoint: Checkpoint) -> list[bytes]:
    spans = merkle.inclusion_spans(checkpoint.size - 1, checkpoint.size)
    return merkle.hashes(spans, log_node())


def _subject(user_id: UUID, checkpoint: Checkpoint) -> SubjectProof | None:
    tag = leaves.subject_tag(user_id)
    found = Subject.objects.filter(tag=tag, number__lt=checkpoint.subjects).first()
    if found is None:
        return None
    spans = merkle.inclusion_spans(found.number, checkpoint.subjects)
    inclusion = merkle.hashes(spans, subject_node())
    return SubjectProof(found.number, found.salt, found.sealed, inclusion)
