"""The table of requests that may be repeated: who runs one, and what was answered.

A request takes its key in a transaction of its own and holds a lease while it runs. Its answer is
written by whoever holds the lease; a request whose process died leaves one that runs out, and the
next to come with the key takes it over. What the turn was that it had claimed stands beside the
lease, written together with the claim, so that a finished turn is never run a second time.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from credentials import services as vault
from orchestrator.models import IdempotencyKey

LEASE = timedelta(seconds=90)
KEPT_FOR = timedelta(hours=48)
TRIES = 3  # how often the row is looked at anew when somebody else moved it


class KeyReusedError(Exception):
    """This key came with another request before."""


class KeyInProgressError(Exception):
    """A request with this key is running right now."""


class KeyUnreadableError(Exception):
    """What was kept under this key cannot be opened, so nobody knows whether it was done."""


@dataclass(frozen=True)
class Running:
    """The right to run one request and to write its answer down."""

    row_id: UUID
    user_id: UUID
    token: UUID
    digest: str
    turn_token: UUID | None = None  # the turn that a process which died had claimed for it


@dataclass(frozen=True)
class Kept:
    """An answer as it was given."""

    status: int
    headers: Mapping[str, str]
    body: Any


_running: ContextVar[Running | None] = ContextVar("running_request", default=None)


def begin(*, user_id: UUID, path: str, key: str, digest: str, at: datetime) -> Running | Kept:
    """Return the answer that was given to this request, or the right to run it.

    :raises KeyReusedError: if the key stands for another request
    :raises KeyInProgressError: if the request is running
    :raises KeyUnavailableError: if the key that sealed the row is missing
    :raises KeyUnreadableError: if the row is damaged
    """
    for _ in range(TRIES):
        if mine := _take(user_id=user_id, path=path, key=key, digest=digest, at=at):
            return mine
        found = IdempotencyKey.objects.filter(user_id=user_id, path=path, key=key).first()
        if found is None:  # given free this very moment
            continue
        if found.expires_at <= at:
            _held(found.pk, found.lease_token).delete()
            continue
        known = _open(found)
        if known["request"] != digest:
            raise KeyReusedError
        if found.is_done:
            return Kept(**known["answer"])
        if found.lease_until and found.lease_until > at:
            raise KeyInProgressError
        if taken := _take_over(found, digest, at):
            return taken
    raise KeyInProgressError


@contextmanager
def running(mine: Running) -> Iterator[None]:
    """Let the turn that is claimed inside be noted as this request's (`note_turn`)."""
    token = _running.set(mine)
    try:
        yield
    finally:
        _running.reset(token)


def note_turn(token: UUID) -> None:
    """Remember that the request under way claimed this turn, in the transaction of the claim.

    Does nothing where the request came without a key.

    :raises KeyInProgressError: if its lease ran out and another process is running it
    """
    mine = _running.get()
    if mine and not _held(mine.row_id, mine.token).update(turn_token=token):
        raise KeyInProgressError


@sensitive_variables()
def keep(mine: Running, answer: Kept) -> None:
    """Write the answer down for whoever repeats the request; a lost lease changes nothing."""
    told = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    sealed = _seal(mine.row_id, mine.user_id, {"request": mine.digest, "answer": told})
    _held(mine.row_id, mine.token).update(
        sealed=sealed, is_done=True, lease_token=None, lease_until=None
    )


def give_free(mine: Running) -> None:
    """Forget the request: it changed nothing, and whoever repeats it runs it anew."""
    _held(mine.row_id, mine.token).delete()


def _held(row_id: UUID, token: UUID | None) -> QuerySet[IdempotencyKey]:
    """Return the row if this lease still holds it (or, without one, if nobody does)."""
    held = IdempotencyKey.objects.filter(pk=row_id)
    return held.filter(lease_token=token) if token else held.filter(lease_token__isnull=True)


def _take(*, user_id: UUID, path: str, key: str, digest: str, at: datetime) -> Running | None:
    """Return the right to run a request that nobody sent before, or None."""
    mine = Running(uuid.uuid4(), user_id, uuid.uuid4(), digest)
    row = IdempotencyKey(
        id=mine.row_id,
        user_id=user_id,
        path=path,
        key=key,
        sealed=_seal(mine.row_id, user_id, {"request": digest, "answer": None}),
        lease_token=mine.token,
        lease_until=at + LEASE,
        created_at=at,
        expires_at=at + KEPT_FOR,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return None
    return mine


def _take_over(found: IdempotencyKey, digest: str, at: datetime) -> Running | None:
    """Return the right to run a request whose process died, or None if somebody else has it."""
    mine = Running(found.pk, found.user_id, uuid.uuid4(), digest, found.turn_token)
    won = _held(found.pk, found.lease_token).update(
        lease_token=mine.token, lease_until=at + LEASE, expires_at=at + KEPT_FOR
    )
    return mine if won else None


def _place(row_id: UUID, user_id: UUID) -> dict[str, Any]:
    table = IdempotencyKey._meta.db_table
    return {"table": table, "row_id": row_id, "user_id": user_id, "label": "request"}


@sensitive_variables()
def _seal(row_id: UUID, user_id: UUID, told: Mapping[str, Any]) -> str:
    return vault.seal_json(told, **_place(row_id, user_id))


@sensitive_variables()
def _open(row: IdempotencyKey) -> dict[str, Any]:
    try:
        known: dict[str, Any] = vault.open_json(row.sealed, **_place(row.pk, row.user_id))
    except vault.CredentialUnreadableError as error:
        raise KeyUnreadableError(type(error).__name__) from None
    return known
