"""A look at the log's end: does the newest checkpoint hold, and do the records before it?"""

from collections.abc import Sequence

from audit import merkle, stored
from audit.models import Checkpoint, Leaf
from audit.notes import Verifier
from audit.verification.flaws import Findings, Flaw
from audit.verification.log import flaw_of, is_signed, record_at
from audit.verification.outside import root_at


def look(newest: Checkpoint, *, known: Sequence[Verifier], origin: str, size: int) -> Findings:
    """Return what is wrong with the newest checkpoint, or with some of the leaves before it.

    :param size: of how many leaves
    """
    findings, where = Findings(), f"checkpoint {newest.size}"
    if not is_signed(newest, known, origin):
        findings.add(Flaw.NOT_SIGNED, where)
    own = Leaf.objects.filter(log_index=newest.size - 1).values_list("leaf_hash", flat=True).first()
    if own is None or bytes(own) != merkle.leaf_hash(newest.leaf()):
        findings.add(Flaw.SEAL_CHANGED, where)
    if root_at(newest.size) != newest.root:
        findings.add(Flaw.OTHER_TREE, where)
    for row in stored.sealed(after=newest.size - 1 - size, size=size - 1):
        index, _, event_id, *_ = row
        if event_id is not None and (flaw := flaw_of(row)):
            findings.add(flaw, record_at(event_id, index))
    return findings
