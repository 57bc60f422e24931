"""What the ledger keeps: the records, and the log that makes them evidence."""

from audit.models.append_only import AppendOnlyError, Ledger
from audit.models.ledger import MandateAudit
from audit.models.log import Checkpoint, Leaf, Node, Pending, Subject, SubjectNode
from audit.models.saved_view import SavedView
from audit.models.tally import Tally

__all__ = [
    "AppendOnlyError",
    "Checkpoint",
    "Leaf",
    "Ledger",
    "MandateAudit",
    "Node",
    "Pending",
    "SavedView",
    "Subject",
    "SubjectNode",
    "Tally",
]
