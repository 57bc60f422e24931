"""How many records there are of each kind, day by day: for pictures, and proof of nothing."""

from django.db import models
from django.db.models import Q


class Tally(models.Model):
    """Sealed records of one kind and one day (UTC). `audit.tally` alone writes it.

    The ledger is far too long to be counted for a page. These numbers are a convenience that whoever
    owns the database can change unseen: nothing signs them, and `verify_audit` does not read them.
    `audit.tally_gaps` notes here of which days they are complete.
    """

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    action = models.CharField(max_length=64)
    provider = models.CharField(max_length=64)  # of what was done with a login; else ''
    source = models.CharField(max_length=16)  # of a tool's answer; else ''
    step = models.CharField(
        max_length=16
    )  # which its signup took with it for the first time, or ''
    count = models.BigIntegerField()

    class Meta:
        db_table = "audit_tally"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["day", "action", "provider", "source", "step"], name="tally_of_a_kind"
            ),
            models.CheckConstraint(name="tally_counts_something", condition=Q(count__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.action}: {self.count}"
