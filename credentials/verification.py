"""Is every sealed login what was sealed and recorded last? Opens them in memory, and tells only that."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from credentials import sealing, selectors
from credentials.models import StoredCredential
from credentials.services import fingerprint, place_of, ring


class Flaw(StrEnum):
    """What may be wrong with a sealed login; the text is for operators."""

    KEY_MISSING = "its key is not in the ring"
    UNREADABLE = "it is damaged, or was moved here from another row"
    DELETED = "its owner deleted it: somebody put it back?"
    NOT_RECORDED = "it is not what was recorded last: an old sealed text was put back?"
    MISLABELLED = "it was sealed with another key than its key_id says"


def walk(*, batch_size: int) -> Iterator[list[tuple[StoredCredential, Flaw | None]]]:
    """Yield all logins, each with what is wrong with it, a batch at a time."""
    after: UUID | None = None
    while batch := next_batch(StoredCredential.objects.all(), after=after, size=batch_size):
        flaws = flaws_of(batch)
        yield [(credential, flaws.get(credential.pk)) for credential in batch]
        after = batch[-1].pk


def next_batch(
    logins: QuerySet[StoredCredential], *, after: UUID | None, size: int
) -> list[StoredCredential]:
    """Return the next logins behind this id, in the order of their ids."""
    rest = logins.filter(pk__gt=after) if after else logins
    return list(rest.order_by("pk")[:size])


def flaws_of(batch: Sequence[StoredCredential]) -> dict[UUID, Flaw]:
    """Return what is wrong with each of these logins that does not hold."""
    recorded = selectors.newest_fingerprints([credential.pk for credential in batch])
    found = {credential.pk: _flaw_of(credential, recorded) for credential in batch}
    return {credential_id: flaw for credential_id, flaw in found.items() if flaw}


def _flaw_of(credential: StoredCredential, recorded: Mapping[UUID, str | None]) -> Flaw | None:
    try:
        sealing.unseal(credential.ciphertext, ring=ring(), place=place_of(credential))
    except sealing.UnknownKeyError:
        return Flaw.KEY_MISSING
    except sealing.UnreadableError:
        return Flaw.UNREADABLE
    if _flaw_by_record(credential, recorded) and (flaw := _flaw_when_locked(credential.pk)):
        return flaw
    if credential.key_id != sealing.key_id_of(credential.ciphertext):
        return Flaw.MISLABELLED
    return None


def _flaw_by_record(
    credential: StoredCredential, recorded: Mapping[UUID, str | None]
) -> Flaw | None:
    newest = recorded.get(credential.pk, "")
    if newest is None:
        return Flaw.DELETED
    return None if newest == fingerprint(credential.ciphertext) else Flaw.NOT_RECORDED


def _flaw_when_locked(credential_id: UUID) -> Flaw | None:
    """Look again while nobody can edit it: whoever did meanwhile has recorded it, too."""
    with transaction.atomic():
        now = StoredCredential.objects.select_for_update().filter(pk=credential_id).first()
        told = selectors.newest_fingerprints([credential_id])
        return _flaw_by_record(now, told) if now else None
