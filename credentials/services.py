"""Storing, opening and forgetting logins; the only place that seals and opens."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NoReturn
from uuid import UUID, uuid4

from django.conf import settings
from django.db import Error, IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from audit import opened
from audit.actions import Action, person
from audit.services import AuditUnavailableError, record
from credentials import keyring, sealing, selectors
from credentials.models import StoredCredential
from credentials.statements import Counted, count

REVEAL = "reveal"  # the purpose of an opening for its owner's eyes, of which an hour has so many
HOUR = timedelta(hours=1)
MOST_DENIALS = 50  # of a kind that one person's hour has recorded one by one


class CredentialNotFoundError(Exception):
    """There is no such login of this person; nobody learns whether somebody else has it."""


class CredentialExistsError(Exception):
    """This person already saved a login under this name for this provider."""


class KeyUnavailableError(Exception):
    """The key that sealed it is not in the ring; the operator can bring it back."""


class CredentialUnreadableError(Exception):
    """The sealed text is damaged or out of place; it was kept as it is."""


class CredentialDeletedError(CredentialUnreadableError):
    """Its owner deleted it, and somebody put it back."""


class RevealBudgetSpentError(Exception):
    """This person had as many logins revealed as an hour allows; `wait` seconds, and it is over."""

    def __init__(self, wait: int) -> None:
        super().__init__("the reveals of this hour are spent")
        self.wait = wait


_REASONS: dict[type[Exception], str] = {  # as the record tells them
    RevealBudgetSpentError: "budget",
    KeyUnavailableError: "key_unavailable",
    CredentialUnreadableError: "unreadable",
    CredentialDeletedError: "deleted",
}


@dataclass(frozen=True, repr=False)
class OpenedLogin:
    """A login in plain text, for one call: it does not print, pickle or serialise."""

    credential: StoredCredential
    _secret: Mapping[str, str] = field()

    def reveal(self) -> dict[str, str]:
        """Return `{email, password}`: the one way out."""
        return dict(self._secret)

    def __repr__(self) -> str:
        return "<opened login>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an opened login stays where it was opened")


def ring() -> keyring.KeyRing:
    """Return the key ring, as this process read it when it started."""
    found: keyring.KeyRing = settings.CRED_SEAL_RING
    return found


def fingerprint(ciphertext: str) -> str:
    """Return what identifies a ciphertext in the record without telling anything of it."""
    return hashlib.sha256(ciphertext.encode()).hexdigest()[:16]


@sensitive_variables()
def store(
    *,
    user_id: UUID,
    alias: str,
    provider: str,
    org_ref: str,
    email: str,
    password: str,
    session_id: UUID | None,
    replace: bool,
    at: datetime,
) -> tuple[StoredCredential, bool]:
    """Return the saved login and whether it is a new one.

    :raises CredentialExistsError: if it exists and is not to be replaced
    :raises CredentialNotFoundError: if it was deleted while it was being replaced
    """
    opened.remember(email, password)
    named = {"provider": provider, "org_ref": org_ref, "alias": alias}
    credential = StoredCredential.objects.for_user(user_id).filter(**named).first()
    if credential and not replace:
        raise CredentialExistsError
    created = credential is None
    if credential is None:
        credential = StoredCredential(id=uuid4(), user_id=user_id, created_at=at, **named)
    key = ring().primary
    credential.ciphertext = sealing.seal(
        json.dumps({"email": email, "password": password}, ensure_ascii=False).encode(),
        key=key,
        place=place_of(credential),
    )
    credential.key_id = key.id
    credential.updated_at = at
    told = {"seal_fp": fingerprint(credential.ciphertext)}
    with transaction.atomic():
        if created:
            _insert(credential)
        else:
            told["was_fp"] = fingerprint(_held(credential))
            StoredCredential.objects.filter(pk=credential.pk).update(
                ciphertext=credential.ciphertext, key_id=key.id, updated_at=at
            )
        _record(
            Action.CREDENTIALS_SUBMITTED if created else Action.CREDENTIALS_REPLACED,
            credential,
            at=at,
            session_id=session_id,
            **told,
        )
    return credential, created


@sensitive_variables()
def open_login(
    *,
    user_id: UUID,
    credential_id: UUID,
    purpose: str,
    session_id: UUID | None,
    at: datetime,
    actor: str | None = None,
) -> OpenedLogin:
    """Return the login in plain text once its opening is durably recorded.

    `actor` is who opens it: the person themselves, unless somebody else is named.

    Opened in memory, recorded, committed, and only then handed out: if the record cannot be
    written, nobody receives the secret. To reveal it (`purpose=REVEAL`) spends from the budget of
    the hour, before any key is tried; what fails to open, or after the commit, is spent as well.

    :raises CredentialNotFoundError: if it is not this person's (also recorded)
    :raises RevealBudgetSpentError: if it is a reveal too many for this hour (also recorded)
    :raises KeyUnavailableError: if its key is missing (also recorded)
    :raises CredentialUnreadableError: if it is damaged, out of place, or was deleted and put back
        (also recorded)
    :raises AuditUnavailableError: if the opening could not be recorded
    """
    refusal: Exception | None = None
    secret: dict[str, str] = {}
    told: dict[str, Any] = {"purpose": purpose}
    with _committed_first():
        # before the row is read: one that is still there was there when it was deleted
        was_deleted = selectors.was_deleted(credential_id)
        own = StoredCredential.objects.for_user(user_id).defer(None)
        credential = own.filter(pk=credential_id).first()
        if credential is None:
            action = Action.CREDENTIALS_ACCESS_DENIED
        elif purpose == REVEAL and not _has_a_reveal_left(user_id, at):
            action, refusal = Action.CREDENTIALS_ACCESS_DENIED, RevealBudgetSpentError(_wait(at))
        else:
            told |= {"key_id": credential.key_id, "seal_fp": fingerprint(credential.ciphertext)}
            try:
                if was_deleted:
                    raise CredentialDeletedError("its owner deleted it")
                secret = _unsealed(credential.ciphertext, place_of(credential))
            except (KeyUnavailableError, CredentialUnreadableError) as error:
                action, refusal = Action.CREDENTIALS_ACCESS_FAILED, error
            else:
                opened.remember(*secret.values())
                action = Action.CREDENTIALS_ACCESSED
                told["accessed_at"] = _rfc3339(at)
        if refusal:
            told["reason"] = _REASONS[type(refusal)]
        denials = 0
        if action is Action.CREDENTIALS_ACCESS_DENIED:
            denials = _denials("refused" if credential else "strange", user_id, at)
            if denials == MOST_DENIALS:
                told["unrecorded_until"] = _rfc3339(_hour(at) + HOUR)
        if denials <= MOST_DENIALS:
            record(
                action=action,
                user_id=user_id,
                actor=actor or person(user_id),
                at=at,
                provider=credential.provider if credential else None,
                org_ref=(credential.org_ref or None) if credential else None,
                credential_id=credential_id,
                session_id=session_id,
                metadata={"credential_alias": credential.alias if credential else None, **told},
            )
    if credential is None:
        raise CredentialNotFoundError
    if refusal:
        raise refusal
    return OpenedLogin(credential, secret)


def must_have(*, user_id: UUID, credential_id: UUID) -> None:
    """Pass if this person has this login.

    :raises CredentialNotFoundError: if not
    """
    if not StoredCredential.objects.for_user(user_id).filter(pk=credential_id).exists():
        raise CredentialNotFoundError


def delete(*, user_id: UUID, credential_id: UUID, at: datetime) -> None:
    """Forget one login of this person.

    :raises CredentialNotFoundError: if they have no such login
    """
    with transaction.atomic():
        credential = StoredCredential.objects.for_user(user_id).filter(pk=credential_id).first()
        if credential is None:
            raise CredentialNotFoundError
        was = fingerprint(_held(credential))
        StoredCredential.objects.filter(pk=credential_id).delete()
        _record(Action.CREDENTIALS_DELETED, credential, at=at, session_id=None, was_fp=was)


@sensitive_variables()
def seal_json(value: Any, *, table: str, row_id: UUID, user_id: UUID, label: str) -> str:
    """Return any JSON value sealed for one row and person: what parents type about children."""
    place = sealing.Place(table=table, row_id=row_id, user_id=user_id, label=label)
    return sealing.seal(
        json.dumps(value, ensure_ascii=False).encode(), key=ring().primary, place=place
    )


@sensitive_variables()
def open_json(text: str, *, table: str, row_id: UUID, user_id: UUID, label: str) -> Any:
    """Return the value that `seal_json` sealed.

    :raises KeyUnavailableError: if its key is missing
    :raises CredentialUnreadableError: if it is damaged or out of place
    """
    place = sealing.Place(table=table, row_id=row_id, user_id=user_id, label=label)
    return _unsealed(text, place)


@sensitive_variables()
def _unsealed(text: str, place: sealing.Place) -> Any:
    """Return the JSON value that was sealed for this place.

    :raises KeyUnavailableError: if its key is missing
    :raises CredentialUnreadableError: if it is damaged or out of place
    """
    try:
        return json.loads(sealing.unseal(text, ring=ring(), place=place))
    except sealing.UnknownKeyError as error:
        refusal: Exception = KeyUnavailableError(f"it needs key {error}")
    except sealing.UnreadableError as error:
        refusal = CredentialUnreadableError(str(error))
    except ValueError:
        refusal = CredentialUnreadableError("no JSON")
    raise refusal  # not above: an error of the JSON parser holds all that it was to read


def _insert(credential: StoredCredential) -> None:
    try:
        credential.save(force_insert=True)
    except IntegrityError:  # a second tab saved it between our look and our insert
        raise CredentialExistsError from None


def _held(credential: StoredCredential) -> str:
    """Return a login's sealed text as it is now, and let nobody else change it in this transaction.

    :raises CredentialNotFoundError: if it was deleted in another tab meanwhile
    """
    row = StoredCredential.objects.select_for_update().filter(pk=credential.pk)
    text = row.values_list("ciphertext", flat=True).first()
    if text is None:
        raise CredentialNotFoundError
    return text


def place_of(credential: StoredCredential) -> sealing.Place:
    """Return where a login's sealed text belongs."""
    return sealing.Place(
        table="stored_credentials",
        row_id=credential.id,
        user_id=credential.user_id,
        label=credential.provider,
    )


@contextmanager
def _committed_first() -> Iterator[None]:
    """Let what is recorded inside be durable before anything that follows.

    :raises AuditUnavailableError: if the database refuses, be it only at the commit
    """
    try:
        with transaction.atomic(durable=True):
            yield
    except Error as error:
        raise AuditUnavailableError("the opening of a login cannot be recorded") from error


def _has_a_reveal_left(user_id: UUID, at: datetime) -> bool:
    """Return whether this person may have another login revealed this hour; it counts as spent."""
    limit = settings.REVEALS_PER_HOUR
    return count("spent", user_id=user_id, hour=_hour(at), limit=limit) is not None


def _denials(kind: Counted, user_id: UUID, at: datetime) -> int:
    """Return how many openings of a kind this person was refused this hour, or one too many."""
    number = count(kind, user_id=user_id, hour=_hour(at), limit=MOST_DENIALS)
    return number or MOST_DENIALS + 1


def _wait(at: datetime) -> int:
    """Return how many seconds are left of this hour."""
    return ceil((_hour(at) + HOUR - at).total_seconds())


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _rfc3339(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _record(
    action: Action,
    credential: StoredCredential,
    *,
    at: datetime,
    session_id: UUID | None,
    actor: str | None = None,
    **told: Any,
) -> None:
    record(
        action=action,
        user_id=credential.user_id,
        actor=actor or person(credential.user_id),
        at=at,
        provider=credential.provider,
        org_ref=credential.org_ref or None,
        credential_id=credential.id,
        session_id=session_id,
        metadata={"credential_alias": credential.alias, **told},
    )
