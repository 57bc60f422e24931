"""Sealing in tests, and holding the log against what it should be."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from audit import (
    leaves,
    merkle,
    notes,
    sealer,
    subjects,
)
from audit.models import Checkpoint, Leaf, MandateAudit, Subject
from audit.nodes import log_node

ORIGIN = settings.AUDIT_ORIGIN
PAT, SAM = UUID(int=1), UUID(int=2)
MINUTE = timedelta(minutes=1)


def seal(at: datetime, **said: Any) -> sealer.Seal | None:
    usual: dict[str, Any] = {"signers": settings.AUDIT_SIGNERS, "origin": ORIGIN, "is_told": False}
    return sealer.seal(at=at, **usual | said)


def the_log_is_whole() -> list[Leaf]:
    """Return its leaves, made again from what they say and found under every signature."""
    rows = list(Leaf.objects.order_by("log_index"))
    tags = dict(Subject.objects.values_list("number", "tag"))
    hashes = dict(MandateAudit.objects.values_list("id", "content_hash"))
    seals = {one.size - 1: one for one in Checkpoint.objects.all()}
    made = [
        leaves.event_leaf(
            event_id=row.event_id,
            content_hash=hashes[row.event_id],
            log_index=index,
            subject_tag=tags[row.subject],
            subject_seq=row.subject_seq,
        )
        if row.event_id is not None and row.subject is not None and row.subject_seq is not None
        else seals[index].leaf()
        for index, row in enumerate(rows)
    ]
    assert [bytes(row.leaf_hash) for row in rows] == [merkle.leaf_hash(leaf) for leaf in made]
    for one in seals.values():
        read = notes.read_checkpoint(one.note, settings.AUDIT_VERIFIERS, origin=ORIGIN)
        root = merkle.root_of(merkle.leaf_hash(leaf) for leaf in made[: one.size])
        assert (read.size, read.root, one.root) == (one.size, root, root.hex())
        assert merkle.root(one.size, log_node()) == root
        assert one.events_total == sum(row.event_id is not None for row in rows[: one.size])
    for subject in Subject.objects.all():
        own = Leaf.objects.filter(subject=subject.number).order_by("log_index")
        count = list(own.values_list("subject_seq", flat=True))
        assert count == list(range(1, subject.sealed + 1))
    newest = Checkpoint.objects.latest()
    whose = Subject.objects.order_by("number")
    assert newest.subjects_root == merkle.root_of(map(subjects.leaf_of, whose)).hex()
    return rows
