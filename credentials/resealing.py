"""Sealing anew with the primary key, batch by batch, beside people who are at work.

A login that is not sealed with the primary key is due, and nothing else is remembered: whoever dies
half-way leaves the rest due. Nothing is locked while texts are opened and sealed; a login is written
only if it is still what was read, so that an edit meanwhile wins.

What lies elsewhere and stays is sealed anew likewise. It is little, and is locked meanwhile.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit.actions import SYSTEM, Action
from audit.services import Entry, record_many
from credentials import sealing, selectors
from credentials.keyring import Key
from credentials.models import StoredCredential
from credentials.registry import LastingText
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
    flawed: dict[UUID | str, Flaw] = field(default_factory=dict)  # by id; left as they are


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
    return _moved_to(key, credential.ciphertext, place_of(credential))


@sensitive_variables()
def _moved_to(key: Key, text: str, place: sealing.Place) -> str:
    return sealing.seal(sealing.unseal(text, ring=ring(), place=place), key=key, place=place)


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


# --- Elsewhere ------------------------------------------------------------------------------------


def due_elsewhere(text: LastingText) -> int:
    """Return how many of these are to be sealed anew."""
    return text.not_sealed_with(ring().primary).count()


def reseal_elsewhere(
    text: LastingText,
    *,
    batch_size: int = BATCH,
    limit: int | None = None,
    dry_run: bool = False,
    after_batch: Callable[[Progress], object] = lambda _: None,
) -> Progress:
    """Seal what lies there with the primary key, and return what was done.

    What cannot be opened is left as it is. Safe to run twice at once.

    :raises AuditUnavailableError: if a batch could not be recorded; none of it was changed
    """
    key, done, after = ring().primary, Progress(), None
    while limit is None or done.resealed < limit:
        size = batch_size if limit is None else min(batch_size, limit - done.resealed)
        with transaction.atomic():
            rows = text.not_sealed_with(key).order_by("pk").select_for_update()
            batch = list((rows.filter(pk__gt=after) if after else rows)[:size])
            entries = []
            for row in batch:
                try:
                    entries.append(_reseal_row(text, row, key, write=not dry_run))
                except sealing.SealError as error:
                    missing = isinstance(error, sealing.UnknownKeyError)
                    flaw = Flaw.KEY_MISSING if missing else Flaw.UNREADABLE
                    done.flawed[f"{text.thing} {row.pk}"] = flaw
            if not dry_run:
                record_many(entries)
        if not batch:
            break
        done.seen, after = done.seen + len(batch), batch[-1].pk
        done.resealed += len(entries)
        after_batch(done)
    return done


@sensitive_variables()
def _reseal_row(text: LastingText, row: Any, key: Key, *, write: bool) -> Entry:
    """Return the record of one row's having been sealed anew.

    :raises SealError: if it cannot be opened
    """
    old = text.text_in(row)
    new = _moved_to(key, old, sealing.Place(**text.place_of(row.user_id)))
    if write:
        getattr(row, text.column)[text.member] = new
        row.save(update_fields=[text.column])
    told = {"from": sealing.key_id_of(old), "to": key.id}
    return Entry(
        action=text.action, user_id=row.user_id, actor=SYSTEM, at=timezone.now(), metadata=told
    )
