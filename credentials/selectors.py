"""What operators ask about sealed logins: which keys they need, and what was recorded of them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias, TypedDict
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.fields.json import KeyTextTransform
from django_stubs_ext import WithAnnotations

from audit.actions import Action
from audit.models import MandateAudit
from credentials.keyring import Key, KeyRing
from credentials.models import StoredCredential, StoredCredentialQuerySet
from credentials.registry import rows_by_key, sealed_texts

SEALINGS = (Action.CREDENTIALS_SUBMITTED, Action.CREDENTIALS_REPLACED, Action.CREDENTIALS_RESEALED)

# Records are dated when the request came in: of two that changed a login at once, the second to
# commit may have the earlier date. A request does not take longer than this.
A_REQUEST = timedelta(minutes=1)


@dataclass(frozen=True)
class KeyUse:
    """What needs a key, and whether the ring holds it."""

    key_id: str
    standing: Literal["primary", "older", "missing"]
    logins: int
    elsewhere: Mapping[str, int]  # rows, by the column they lie in

    @property
    def is_needed(self) -> bool:
        return bool(self.logins or self.elsewhere)


def key_uses(ring: KeyRing) -> list[KeyUse]:
    """Return every key of the ring, and every other one that something needs.

    Reads all sealed texts: for commands, not for probes.
    """
    logins = rows_by_key(StoredCredential, "ciphertext")
    elsewhere = {text.name: text.rows_by_key() for text in sealed_texts()}
    held = [key.id for key in ring.keys]
    needed = set(logins).union(*elsewhere.values())
    return [
        KeyUse(
            key_id,
            _standing(key_id, ring),
            logins[key_id],
            {name: rows[key_id] for name, rows in elsewhere.items() if rows[key_id]},
        )
        for key_id in [*held, *sorted(needed.difference(held))]
    ]


def _standing(key_id: str, ring: KeyRing) -> Literal["primary", "older", "missing"]:
    if ring.find(key_id) is None:
        return "missing"
    return "primary" if key_id == ring.primary.id else "older"


def logins_without_key(ring: KeyRing) -> Counter[str]:
    """Return how many logins need each key that the ring does not hold; cheap while it holds all."""
    missing = [key_id for key_id in _key_ids_of_logins() if ring.find(key_id) is None]
    of_logins = StoredCredential.objects
    return Counter({key_id: of_logins.filter(key_id=key_id).count() for key_id in missing})


def _key_ids_of_logins() -> Iterator[str]:
    """Yield each key id that logins name: a step in the index each, however many logins."""
    key_ids = StoredCredential.objects.order_by("key_id").values_list("key_id", flat=True)
    found = key_ids.first()
    while found is not None:
        yield found
        found = key_ids.filter(key_id__gt=found).first()


def not_sealed_with(key: Key) -> StoredCredentialQuerySet:
    """Return the logins that are sealed with another key, or labelled as if they were."""
    return StoredCredential.objects.filter(
        ~Q(ciphertext__startswith=f"sa1.{key.id}.") | ~Q(key_id=key.id)
    )


class Recorded(TypedDict):
    """What `with_record` adds to a login."""

    recorded: str | None  # the fingerprint in the newest record of its sealing


RecordedCredential: TypeAlias = "WithAnnotations[StoredCredential, Recorded]"


def with_record(logins: QuerySet[StoredCredential]) -> QuerySet[RecordedCredential]:
    """Return logins with what is recorded of them; no edit comes in between: it is one statement."""
    newest = _sealings(OuterRef("pk")).values(fingerprint=_FINGERPRINT)[:1]
    return logins.annotate(recorded=Subquery(newest))


def recorded_lately(credential_id: UUID) -> set[str]:
    """Return the fingerprints of a login's newest sealing and of those at the same time."""
    told = list(_sealings(credential_id).values_list("created_at", _FINGERPRINT))
    return {fp for at, fp in told if told[0][0] - at <= A_REQUEST}


_FINGERPRINT = KeyTextTransform("seal_fp", F("metadata"), output_field=TextField())


def _sealings(credential_id: UUID | OuterRef) -> QuerySet[MandateAudit]:
    """Return the records of a login's sealings, the newest first."""
    records = MandateAudit.objects.filter(credential_id=credential_id, action__in=SEALINGS)
    return records.order_by("-created_at", "-id")
