"""Sealing logins anew with the primary key, batch by batch, beside people who are at work.

A login that is not sealed with the primary key is due, and nothing else is remembered: whoever dies
half-way leaves the rest due. Nothing is locked while texts are opened and sealed; a login is written
only if it is still what was read, so that an edit meanwhile wins.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit.actions import SYSTEM, Action
from audit.services import Entry, record_many
from credentials import sealing, selectors
from credentials.keyring import Key
from credentials.models import StoredCredential
from credentials.services import fingerprint, place_of, ring
from credentials.verification import Flaw, flaws_of, next_batch

BATCH, MOST_IN_BATCH = 500, 10_000

# SQLite has one write lock, and whoever waits for it asks again after 0.1 s at the latest: after a
# batch it is theirs.
MOST_REST = {"postgresql": 0.0, "sqlite": 0.1}  # seconds


@dataclass
class Progress:
    """What a run has done so far."""

    seen: int = 0
    resealed: int = 0
    flawed: dict[UUID, Flaw] = field(default_factory=dict)  # left as they are


def due() -> int:
    """Return how many logins are to be sealed anew."""
    return selectors.not_sealed_with(ring().primary).count()


def reseal(
    *,
    batch_size: int = BATCH,
    limit: int | None = None,
    dry_run: bool = False,
    after_batch: Callable[[Progress], object] = lambda _: None,
) -> Progress:
    """Seal the logins that are due with the primary key, and return what was done.

    Logins that cannot be opened, or that are not what was recorded last, are left as they are: the
    new record would bear witness to a text that somebody put back. Safe to run twice at once.

    :raises AuditUnavailableError: if a batch could not be recorded; none of it was changed
    """
    key, done = ring().primary, Progress()
    after: UUID | None = None
    while limit is None or done.resealed < limit:
        size = batch_size if limit is None else min(batch_size, limit - done.resealed)
        began = time.monotonic()
        batch = next_batch(selectors.not_sealed_with(key), after=after, size=size)
        if not batch:
            break
        sound, flaws = [], flaws_of(batch)
        for credential in batch:
            flaw = flaws.get(credential.pk)
            if flaw is None or flaw is Flaw.MISLABELLED:  # sealed anew it has the right label
                sound.append(credential)
            else:
                done.flawed[credential.pk] = flaw
        done.resealed += len(sound) if dry_run else _reseal_batch(sound, key)
        done.seen, after = done.seen + len(batch), batch[-1].pk
        after_batch(done)
        time.sleep(min(time.monotonic() - began, MOST_REST[connection.vendor]))
    return done


def _reseal_batch(batch: Sequence[StoredCredential], key: Key) -> int:
    """Write a batch with its records; return how many had not been changed meanwhile."""
    sealed = [(credential, _sealed_anew(credential, key)) for credential in batch]
    with transaction.atomic():
        won = [
            (credential, text)
            for credential, text in sealed
            if StoredCredential.objects.filter(
                pk=credential.pk, ciphertext=credential.ciphertext
            ).update(ciphertext=text, key_id=key.id)
        ]
        at = timezone.now()  # not of the start: the newest record says what the text is now
        record_many(_entry(credential, text, key, at) for credential, text in won)
    return len(won)


@sensitive_variables()
def _sealed_anew(credential: StoredCredential, key: Key) -> str:
    place = place_of(credential)
    secret = sealing.unseal(credential.ciphertext, ring=ring(), place=place)
    return sealing.seal(secret, key=key, place=place)


def _entry(credential: StoredCredential, text: str, key: Key, at: datetime) -> Entry:
    return Entry(
        action=Action.CREDENTIALS_RESEALED,
        user_id=credential.user_id,
        actor=SYSTEM,
        at=at,
        provider=credential.provider,
        org_ref=credential.org_ref or None,
        credential_id=credential.pk,
        metadata={
            "credential_alias": credential.alias,
            "from": sealing.key_id_of(credential.ciphertext),
            "to": key.id,
            "seal_fp": fingerprint(text),
            "was_fp": fingerprint(credential.ciphertext),
        },
    )
