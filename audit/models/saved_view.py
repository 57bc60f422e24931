"""Questions to the ledger that somebody of the staff kept under a name."""

from django.conf import settings
from django.db import models

LONGEST_NAME = 40
LONGEST_QUERY = 5_000  # of the longest search, in letters of which each takes twelve


class SavedView(models.Model):
    """A question by its filters, for one person of the staff; it goes with their account.

    It names people by their ids alone, so that an erased account stays erased.
    """

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.CharField(max_length=LONGEST_QUERY)  # what stands in the address behind the `?`

    class Meta:
        db_table = "audit_saved_view"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_view_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name
