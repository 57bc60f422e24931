"""Writing the ledger. Nothing else in the product adds a row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from django.db import Error, transaction

from audit import bulk, canonical, redaction, telling, vocabulary
from audit.actions import Action, is_actor
from audit.context import current_request_id
from audit.models import MandateAudit

_ACTIONS = frozenset(Action.values)
_NAMES = ("provider", "org_ref", "program_ref")
_IDS = ("user_id", "credential_id", "session_id")
_COLUMNS = tuple(field.attname for field in MandateAudit._meta.concrete_fields)


class AuditUnavailableError(Exception):
    """The ledger cannot be written, so what was to be recorded must not happen."""


class SecretInRecordError(AuditUnavailableError):
    """A record would hold a secret that is open just now; it could never be taken out again.

    What has happened outside is recorded all the same, with "[sealed]" in place of the secret, and
    with names that are too long cut short.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What is to be recorded; the arguments of `record`, for `record_many`."""

    action: str
    user_id: UUID | None
    actor: str
    at: datetime
    provider: str | None = None
    org_ref: str | None = None
    program_ref: str | None = None
    credential_id: UUID | None = None
    session_id: UUID | None = None
    metadata: Mapping[str, Any] | None = None


def record(
    *,
    action: str,
    user_id: UUID | None,
    actor: str,
    at: datetime,
    provider: str | None = None,
    org_ref: str | None = None,
    program_ref: str | None = None,
    credential_id: UUID | None = None,
    session_id: UUID | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> MandateAudit:
    """Return the new row, written in the caller's transaction: with the deed, or not at all.

    :raises AuditUnavailableError: if the database refuses, or a secret that is open just now would
        be told with a deed of ours (`SecretInRecordError`); let it pass, so that the deed is undone
    :raises ValueError: for an action or actor that does not exist, or metadata that is not what the
        action tells (`audit.vocabulary`); the text names the key, never the value
    :raises ProfileError: for what has no canonical form (half a character, an id that is no UUID), or
        is too much
    """
    row = _row(
        Entry(
            action=action,
            user_id=user_id,
            actor=actor,
            at=at,
            provider=provider,
            org_ref=org_ref,
            program_ref=program_ref,
            credential_id=credential_id,
            session_id=session_id,
            metadata=metadata,
        )
    )
    try:
        row.save()
    except Error as error:
        raise AuditUnavailableError("the audit ledger cannot be written") from error
    return row


def record_many(entries: Iterable[Entry], *, batch_size: int = 1_000) -> int:
    """Return how many rows were written: each as `record` writes it, a batch at a time.

    Outside of a transaction every batch stands by itself, so millions of rows need little memory.

    :raises AuditUnavailableError: as `record` does
    :raises ValueError: as `record` does
    """
    waiting, written = iter(entries), 0
    while batch := [_row(entry) for entry in islice(waiting, batch_size)]:
        try:
            with transaction.atomic(savepoint=False):  # a batch is there whole, or not at all
                bulk.insert(
                    MandateAudit, _COLUMNS, [[getattr(row, it) for it in _COLUMNS] for row in batch]
                )
        except Error as error:
            raise AuditUnavailableError("the audit ledger cannot be written") from error
        written += len(batch)
    return written


def _row(entry: Entry) -> MandateAudit:
    """Return the row that says this: redacted, complete and hashed, not yet written."""
    if entry.action not in _ACTIONS:
        raise ValueError(f"{entry.action!r} is not an action of the ledger")
    if not is_actor(entry.actor):
        raise ValueError("an actor is user:<uuid>, staff:<uuid>, system or anonymous")
    for name in _IDS:
        if not isinstance(getattr(entry, name), UUID | None):  # a text could be spelled otherwise
            raise canonical.ProfileError(f"{name} is no UUID")
    if entry.at.utcoffset() is None:
        raise canonical.ProfileError("a moment needs its time zone")
    told = entry.metadata or {}
    vocabulary.check(entry.action, told)
    redacted = telling.redacted(told)
    said = {name: redaction.redact_name(getattr(entry, name)) for name in _NAMES}
    metadata = telling.without_secrets(redacted)
    names = {name: telling.name_without_secrets(value) for name, value in said.items()}
    if Action(entry.action).tells_what_happened:  # nothing undoes it, so it is told somehow
        metadata = telling.shortened(metadata)
        names = {name: telling.shortened_name(value) for name, value in names.items()}
    elif (metadata, names) != (redacted, said):
        raise SecretInRecordError("the record would hold a secret")
    request_id = redaction.redact_name(current_request_id())
    columns: dict[str, Any] = {
        "id": uuid4(),  # one that told the time would tell it to whoever sees the log alone
        "user_id": entry.user_id,
        "actor": entry.actor,
        "action": str(entry.action),
        **names,
        "credential_id": entry.credential_id,
        "session_id": entry.session_id,
        "metadata": metadata
        | {
            "sessionId": str(entry.session_id) if entry.session_id else None,
            "provider": names["provider"],
            "org_ref": names["org_ref"],
            "request_id": telling.name_without_secrets(request_id),
        },
        "created_at": entry.at,
        "schema_v": canonical.SCHEMA_V,
    }
    return MandateAudit(**columns, content_hash=canonical.new_hash(columns))
