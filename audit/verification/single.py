"""Is one record what was sealed? Everything is computed anew, up to a signed checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from audit import merkle, proofs, stored
from audit.models import Checkpoint, Leaf, MandateAudit, Pending
from audit.nodes import MissingNodeError
from audit.notes import Verifier
from audit.proofs import RecordProof
from audit.verification.flaws import Flaw
from audit.verification.log import flaw_of, is_signed


class Stands(Enum):
    """How a record stands."""

    VERIFIED = "verified"
    WAITING = "waiting"  # for its seal
    DAMAGED = "damaged"
    UNSAID = "unsaid"  # there is no key to verify with


@dataclass(frozen=True)
class Verdict:
    """What was found out about a record."""

    stands: Stands
    proof: RecordProof | None = None
    flaw: Flaw | None = None


def verify_record(row: MandateAudit, *, known: Sequence[Verifier], origin: str) -> Verdict:
    """Return whether the record is in the log as it is, and a known key has signed that.

    :param known: whose signatures count
    """
    # first: what the sealer does meanwhile takes a record from here to there
    is_waiting = Pending.objects.filter(pk=row.pk).exists()
    leaf = Leaf.objects.filter(event_id=row.pk).first()
    if leaf is None:
        if not _is_unchanged(row):
            return Verdict(Stands.DAMAGED, flaw=Flaw.WAITS_CHANGED)
        if is_waiting:
            return Verdict(Stands.WAITING)
        return Verdict(Stands.DAMAGED, flaw=Flaw.UNKNOWN_TO_THE_LOG)
    if flaw := flaw_of(stored.sealed(after=leaf.log_index - 1, size=1)[0]):
        return Verdict(Stands.DAMAGED, flaw=flaw)
    return _up_to_the_signature(row, leaf, known, origin)


def _up_to_the_signature(
    row: MandateAudit, leaf: Leaf, known: Sequence[Verifier], origin: str
) -> Verdict:
    if not Checkpoint.objects.filter(size__gt=leaf.log_index).exists():
        return Verdict(Stands.DAMAGED, flaw=Flaw.BEYOND)
    try:
        proof = proofs.of_record(row.pk)
    except MissingNodeError:
        return Verdict(Stands.DAMAGED, flaw=Flaw.NODE)
    if proof is None:  # it went meanwhile
        return Verdict(Stands.DAMAGED, flaw=Flaw.UNKNOWN_TO_THE_LOG)
    size = proof.checkpoint.size
    root = merkle.root_from_inclusion(leaf.log_index, size, bytes(leaf.leaf_hash), proof.inclusion)
    if root.hex() != proof.checkpoint.root:
        return Verdict(Stands.DAMAGED, proof, Flaw.OTHER_TREE)
    if not known:
        return Verdict(Stands.UNSAID, proof)
    if not is_signed(proof.checkpoint, known, origin):
        return Verdict(Stands.DAMAGED, proof, Flaw.NOT_SIGNED)
    return Verdict(Stands.VERIFIED, proof)


def _is_unchanged(row: MandateAudit) -> bool:
    try:
        return row.computed_hash() == row.content_hash
    except ValueError:  # it has no canonical form: that was never recorded
        return False
