"""The audit console: staff search the ledger, read a record or a whole signup, and take them along."""

from audit.admin.ledger import MandateAuditAdmin

__all__ = ["MandateAuditAdmin"]
