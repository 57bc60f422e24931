"""The trails: how many records of each are sealed, as the newest seal says, and the tree of them."""

from array import array

from django.db.models import TextField
from django.db.models.functions import Cast

from audit import leaves, merkle, stored
from audit.models import Checkpoint, Subject, SubjectNode
from audit.verification.flaws import Findings, Flaw
from audit.verification.tree import Regrown

Row = tuple[int, str | None, str, str, int]


def check(findings: Findings, *, counts: "array[int]", last: Checkpoint | None, batch: int) -> None:
    """Hold the subjects against what was counted in the log, and against its newest seal."""
    tree, size = Regrown(findings, SubjectNode), 0
    while rows := _next(size, batch):
        for number, user_id, tag, salt, sealed in rows:
            if number > size:
                findings.add(Flaw.SUBJECT_MISSING, f"trail {size}")
            counted = counts[number] if number < len(counts) else 0
            if tag != stored.tag_of(user_id) or sealed != counted:
                findings.add(Flaw.SUBJECT_CHANGED, f"trail {number}")
            leaf = leaves.subject_leaf(tag=tag, salt=salt, sealed=sealed)
            tree.append(merkle.leaf_hash(leaf))
            size = number + 1
        tree.compare()
    tree.end()
    said = (last.subjects, last.subjects_root) if last else (0, merkle.EMPTY_ROOT.hex())
    if (size, tree.root) != said:
        findings.add(Flaw.OTHER_SUBJECTS, f"checkpoint {last.size if last else 0}")


def _next(start: int, size: int) -> list[Row]:
    rows = Subject.objects.filter(number__gte=start).order_by("number")
    whose = Cast("user_id", TextField())  # on SQLite it may be nobody's id
    return list(rows.values_list("number", whose, "tag", "salt", "sealed")[:size])
