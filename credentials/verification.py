"""Is every sealed login what was sealed and recorded last? Opens them in memory, and tells only that."""

from collections.abc import Iterator
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from credentials import sealing, selectors
from credentials.models import StoredCredential
from credentials.selectors import RecordedCredential
from credentials.services import fingerprint, place_of, ring


class Flaw(StrEnum):
    """What may be wrong with a sealed login; the text is for operators."""

    KEY_MISSING = "its key is not in the ring"
    UNREADABLE = "it is damaged, or was moved here from another row"
    NOT_RECORDED = "it is not what was recorded last: an old sealed text was put back?"
    MISLABELLED = "it was sealed with another key than its key_id says"


def walk(*, batch_size: int) -> Iterator[list[tuple[StoredCredential, Flaw | None]]]:
    """Yield all logins, each with what is wrong with it, a batch at a time."""
    after: UUID | None = None
    while batch := next_batch(StoredCredential.objects.all(), after=after, size=batch_size):
        yield [(credential, flaw_of(credential)) for credential in batch]
        after = batch[-1].pk


def next_batch(
    logins: QuerySet[StoredCredential], *, after: UUID | None, size: int
) -> list[RecordedCredential]:
    """Return the next logins behind this id, in the order of their ids."""
    rest = logins.filter(pk__gt=after) if after else logins
    return list(selectors.with_record(rest).order_by("pk")[:size])


def flaw_of(credential: RecordedCredential) -> Flaw | None:
    """Return what is wrong with a login, or None."""
    try:
        sealing.unseal(credential.ciphertext, ring=ring(), place=place_of(credential))
    except sealing.UnknownKeyError:
        return Flaw.KEY_MISSING
    except sealing.UnreadableError:
        return Flaw.UNREADABLE
    if not _is_recorded(credential):
        return Flaw.NOT_RECORDED
    if credential.key_id != sealing.key_id_of(credential.ciphertext):
        return Flaw.MISLABELLED
    return None


def _is_recorded(credential: RecordedCredential) -> bool:
    if credential.recorded == fingerprint(credential.ciphertext):
        return True
    with transaction.atomic():  # locked: whoever edits it has recorded it, too
        rows = StoredCredential.objects.select_for_update().filter(pk=credential.pk)
        now = rows.values_list("ciphertext", flat=True).first()
        return now is None or fingerprint(now) in selectors.recorded_lately(credential.pk)
