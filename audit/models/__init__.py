"""What the ledger keeps: the records, and the log that makes them evidence."""

from audit.models.append_only import AppendOnlyError, Ledger
from audit.models.ledger import MandateAudit
from audit.models.log import Checkpoint, Leaf, Node, Pending, Subject, SubjectNode

__all__ = [
    "AppendOnlyError",
    "Checkpoint",
    "Leaf",
    "Ledger",
    "MandateAudit",
    "Node",
    "Pending",
    "Subject",
    "SubjectNode",
]
