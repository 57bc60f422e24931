"""The transparency log over the ledger: an RFC 6962 Merkle tree, and the checkpoints that sign it.

A record waits in `audit_pending` until a seal makes it a leaf. A seal ends with a leaf of its own,
which says when it was made and how much there is; the checkpoint signs the tree up to there. Leaves,
nodes and checkpoints are never changed. What is kept of nodes saves time alone: all of them can be
computed from the leaves, and the verification does.
"""

from django.db import models

from audit import leaves
from audit.models.append_only import WrittenOnce

LEVELS = 8  # of the log's nodes every eighth level is kept: 256 hashes below each
SUBJECT_LEVELS = 4  # of the subjects' every fourth: they change, and 16 are quickly read again
PLACE_BITS = 48


def place(level: int, index: int) -> int:
    """Return the key of a node: its level and its index in one number, in their order."""
    return level << PLACE_BITS | index


class Pending(models.Model):
    """A record that is not sealed yet. The database adds it with the record, in one statement."""

    event_id = models.UUIDField(primary_key=True)
    # when the record was found to be gone, or not what was recorded; it waits behind the others
    left_out_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_pending"
        default_permissions = ()
        verbose_name = "record to seal"

    def __str__(self) -> str:
        return str(self.event_id)


class Leaf(WrittenOnce):
    """A leaf of the log: a record, or a seal (then the hash alone: its checkpoint has the rest)."""

    log_index = models.BigIntegerField(primary_key=True)  # from 0 on, without gaps
    leaf_hash = models.BinaryField(max_length=32)
    event_id = models.UUIDField(null=True, unique=True)
    subject = models.BigIntegerField(null=True)  # Subject.number
    subject_seq = models.BigIntegerField(null=True)  # from 1 on, without gaps in a subject

    class Meta(WrittenOnce.Meta):
        db_table = "audit_leaf"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["subject", "subject_seq"], name="leaves_of_subject"),
        ]

    def __str__(self) -> str:
        return f"#{self.log_index}"


class Node(WrittenOnce):
    """The hash of a complete subtree of the log."""

    place = models.BigIntegerField(primary_key=True)  # see place()
    hash = models.BinaryField(max_length=32)

    class Meta(WrittenOnce.Meta):
        db_table = "audit_node"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.place >> PLACE_BITS}/{self.place & (1 << PLACE_BITS) - 1}"


class Subject(models.Model):
    """Whose trail it is, and how many records of it are sealed; the system is one, too.

    All of them are the leaves of a second tree, in the order in which they came. Its root stands in
    every seal, so that nobody can show a part of a trail and call it the whole.
    """

    number = models.BigIntegerField(primary_key=True)  # from 0 on, without gaps
    user_id = models.UUIDField(null=True)
    tag = models.CharField(max_length=64, unique=True)  # see leaves.subject_tag
    salt = models.CharField(max_length=32)  # so that nobody can guess a count from its hash
    sealed = models.BigIntegerField()

    class Meta:
        db_table = "audit_subject"
        default_permissions = ()

    def __str__(self) -> str:
        return f"#{self.number}"


class SubjectNode(models.Model):
    """The hash of a complete subtree of the subjects' tree as it is now."""

    place = models.BigIntegerField(primary_key=True)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_subject_node"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.place >> PLACE_BITS}/{self.place & (1 << PLACE_BITS) - 1}"


class Checkpoint(WrittenOnce):
    """A seal: what its own leaf says, and the signed note over the tree that ends with it."""

    size = models.BigIntegerField(primary_key=True)  # of the tree; the seal's leaf is the last
    root = models.CharField(max_length=64)  # hex
    note = models.TextField()
    sealed_at = models.DateTimeField()
    since = models.DateTimeField(null=True)  # what it sealed was recorded from about then on
    is_drained = models.BooleanField()  # nothing was waiting any more
    prev_size = models.BigIntegerField()
    events_total = models.BigIntegerField()  # sealed records in all
    subjects = models.BigIntegerField()
    subjects_root = models.CharField(max_length=64)  # hex

    class Meta(WrittenOnce.Meta):
        db_table = "audit_checkpoint"
        default_permissions = ()
        get_latest_by = "size"

    def __str__(self) -> str:
        return f"checkpoint {self.size}"

    def leaf(self) -> bytes:
        """Return what the seal's own leaf says."""
        return leaves.seal_leaf(
            sealed_at=self.sealed_at,
            since=self.since,
            is_drained=self.is_drained,
            prev_size=self.prev_size,
            events_total=self.events_total,
            subjects=self.subjects,
            subjects_root=self.subjects_root,
        )
