"""What operators ask about sealed logins: which keys they need, and what was recorded of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

from django.db.models import Q

from audit.actions import Action
from audit.models import MandateAudit
from credentials.fields import KeyIdIn
from credentials.keyring import Key, KeyRing
from credentials.models import StoredCredential, StoredCredentialQuerySet
from credentials.registry import by_key, rows_by_key, sealed_texts

# What is recorded of a login's sealed text
CHANGES = (
    Action.CREDENTIALS_SUBMITTED,
    Action.CREDENTIALS_REPLACED,
    Action.CREDENTIALS_RESEALED,
    Action.CREDENTIALS_DELETED,
)
MOST_PROBED = 2_000  # rows of a table
MOST_COUNTED = 10_000  # logins, once a key is gone


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


def logins_without_key(ring: KeyRing, *, most: int | None = None) -> Counter[str]:
    """Return how many logins need each key that the ring does not hold; cheap while it holds all.

    As the texts say: of the index, only what lies between the ring's keys is looked at. A probe
    names the most that it wants counted.
    """
    held = sorted(key.id for key in ring.keys)
    others = Q(named__lt=held[0]) | Q(named__gt=held[-1])
    for one, next_one in pairwise(held):
        others |= Q(named__gt=one, named__lt=next_one)
    logins = StoredCredential.objects.annotate(named=KeyIdIn("ciphertext"))
    needing = logins.filter(others)
    if most is not None:
        needing = logins.filter(pk__in=needing.values("pk")[:most])
    return by_key(needing)


def rows_without_key(ring: KeyRing) -> dict[str, int]:
    """Return how many rows need a key that the ring does not hold, by table; for probes.

    Logins are counted so far, and of the other tables the first rows; `key_uses` reads them all.
    """
    held = [key.id for key in ring.keys]
    found = {StoredCredential._meta.db_table: logins_without_key(ring, most=MOST_COUNTED).total()}
    for text in sealed_texts():
        table = text.model._meta.db_table
        found[table] = found.get(table, 0) + text.rows_without(held, among=MOST_PROBED)
    return {table: rows for table, rows in found.items() if rows}


def not_sealed_with(key: Key) -> StoredCredentialQuerySet:
    """Return the logins that are sealed with another key, or labelled as if they were."""
    return StoredCredential.objects.filter(
        ~Q(ciphertext__startswith=f"sa1.{key.id}.") | ~Q(key_id=key.id)
    )


def has_resealed(key_id: str) -> bool:
    """Return whether the record tells of logins that were sealed anew with this key, or from it."""
    records = MandateAudit.objects.filter(action=Action.CREDENTIALS_RESEALED)
    return records.filter(Q(metadata__to=key_id) | Q(metadata__from=key_id)).exists()


def newest_fingerprints(credential_ids: Iterable[UUID]) -> dict[UUID, str | None]:
    """Return of each login what identifies the text that was recorded last; None: it was deleted.

    A login without a record is left out. A record names the text that came before its own, so that
    no clock decides which is the last; only of records that name none, the newest is.
    """
    records = MandateAudit.objects.filter(credential_id__in=credential_ids, action__in=CHANGES)
    told: defaultdict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    in_order = records.order_by("created_at", "id")
    for credential_id, metadata in in_order.values_list("credential_id", "metadata"):
        told[credential_id].append(metadata)
    return {credential_id: _newest(changes) for credential_id, changes in told.items()}


def was_deleted(credential_id: UUID) -> bool:
    """Return whether the newest record of a login is that its owner deleted it."""
    return newest_fingerprints([credential_id]).get(credential_id, "") is None


def _newest(changes: Sequence[Mapping[str, Any]]) -> str | None:
    before = {change["was_fp"] for change in changes if "was_fp" in change}
    last = (fp for change in reversed(changes) if (fp := change.get("seal_fp")) not in before)
    return next(last, "")
