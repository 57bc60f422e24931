"""The second step of a log-in: a code of an authenticator app, or one of the recovery codes.

The app's secret lies sealed in the row of its person, and opens in no other; who seals is the
project's business (`MFA_ADAPTER`), for accounts know nothing of keys. Recovery codes are hashed.
"""

import logging
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction

from accounts import recovery_codes, totp
from accounts.models import User
from accounts.services import notices
from accounts.services.mails import Change
from accounts.services.records import record_deed
from audit import opened
from audit import services as audit
from audit.actions import ANONYMOUS, Action

logger = logging.getLogger(__name__)

PROVED = "second_factor"  # in the session: which second factor was proved in it, and how
TOTP, RECOVERY_CODES = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES

Method = Literal["totp", "recovery_code"]


class CodeRefusedError(Exception):
    """The code is not right, or it was used before."""


class SecretUnreadableError(Exception):
    """The sealed secret of an app cannot be opened: its key is missing, or it is damaged."""


class AlreadyOnError(Exception):
    """There is a second factor, from another window for example."""


class NotOnError(Exception):
    """There is no second factor, any more."""


class Sealer(Protocol):
    """What the project gives us to keep secrets with."""

    def seal(self, secret: str, *, user_id: UUID) -> str:
        """Return the secret sealed for this person."""

    def unseal(self, text: str, *, user_id: UUID) -> str:
        """Return the secret that was sealed for this person.

        :raises SecretUnreadableError: if it cannot be opened
        """


@dataclass(frozen=True)
class GoodCode:
    """A code that is right, and that `use_up` has yet to spend."""

    factor_id: int  # the app that is proved, also where a recovery code stands in for it
    row_id: int
    method: Method
    step: int = 0
    hash: str = ""


@dataclass(frozen=True)
class Standing:
    """What a person reads about their second factor."""

    since: datetime
    last_used_at: datetime | None
    codes_left: int


def standing(user_id: UUID) -> Standing | None:
    """Return how it stands with this person's second factor, or None if they have none."""
    rows = _rows(user_id)
    if TOTP not in rows:
        return None
    codes = rows[RECOVERY_CODES].data["hashes"] if RECOVERY_CODES in rows else []
    used = [row.last_used_at for row in rows.values() if row.last_used_at]
    return Standing(rows[TOTP].created_at, max(used, default=None), len(codes))


def is_on(user_id: UUID) -> bool:
    """Say whether this person's password alone is not enough."""
    found: bool = Authenticator.objects.filter(user_id=user_id, type=TOTP).exists()
    return found


def proved_by(session: MutableMapping[str, Any], user_id: UUID) -> str | None:
    """Return how this person proved, in this session, the second factor that they have now."""
    proof = session.get(PROVED)
    if not proof:
        return None
    own = Authenticator.objects.filter(pk=proof["factor_id"], user_id=user_id, type=TOTP)
    return str(proof["method"]) if own.exists() else None


def is_missing(session: MutableMapping[str, Any], user_id: UUID) -> bool:
    """Say whether this person has a second factor that was not proved in this session."""
    return proved_by(session, user_id) is None and is_on(user_id)


def note_proved(session: MutableMapping[str, Any], good: GoodCode) -> None:
    """Let the session say that the second factor was proved in it."""
    session[PROVED] = {"factor_id": good.factor_id, "method": good.method}


# --- Codes ----------------------------------------------------------------------------------------


def recognise(user_id: UUID, code: str, *, at: datetime) -> GoodCode:
    """Return the code as one that `use_up` can spend; nothing changes yet.

    :raises CodeRefusedError: if it is not right, or was used before
    :raises SecretUnreadableError: if it cannot be told; recovery codes can always be
    """
    rows, typed = _rows(user_id), recovery_codes.bare(code)
    if TOTP not in rows:
        raise CodeRefusedError
    if totp.CODE.fullmatch(typed):
        return _of_app(rows[TOTP], typed, at)
    hashed = recovery_codes.hash_of(typed)
    if RECOVERY_CODES not in rows or hashed not in rows[RECOVERY_CODES].data["hashes"]:
        raise CodeRefusedError
    return GoodCode(rows[TOTP].pk, rows[RECOVERY_CODES].pk, "recovery_code", hash=hashed)


def use_up(good: GoodCode, *, at: datetime) -> None:
    """Spend a code, in the caller's transaction: whoever brings it as well comes too late.

    A code of an app ends those before it, too (RFC 6238, section 5.2).

    :raises CodeRefusedError: if it was spent, or the second factor changed, meanwhile
    """
    row = Authenticator.objects.select_for_update().filter(pk=good.row_id).first()
    if row is None:
        raise CodeRefusedError
    if good.method == "totp":
        if good.step <= row.data["last_step"]:
            raise CodeRefusedError
        row.data["last_step"] = good.step
    elif good.hash not in row.data["hashes"]:
        raise CodeRefusedError
    else:
        row.data["hashes"].remove(good.hash)
    row.last_used_at = at
    row.save(update_fields=["data", "last_used_at"])


def note_refused_code(user_id: UUID, *, at: datetime, reason: str) -> None:
    """Record that somebody knew this person's password, and no code that goes with it.

    :raises audit.AuditUnavailableError: if it cannot be recorded
    """
    told = {"method": "second_factor", "reason": reason}
    with transaction.atomic():
        audit.record(
            action=Action.USER_LOGIN_FAILED, user_id=user_id, actor=ANONYMOUS, at=at, metadata=told
        )


# --- Changes --------------------------------------------------------------------------------------


def offer(user_id: UUID) -> tuple[str, str]:
    """Return a fresh secret for an app, and the same sealed, to come back with the first code."""
    secret = totp.new_secret()
    opened.remember(secret)
    return secret, _sealer().seal(secret, user_id=user_id)


def offered(user_id: UUID, sealed: str) -> str:
    """Return the secret that was offered to this person.

    :raises SecretUnreadableError: if it was not
    """
    secret = _sealer().unseal(sealed, user_id=user_id)
    opened.remember(secret)
    return secret


def add(user_id: UUID, *, sealed: str, code: str, at: datetime) -> tuple[GoodCode, list[str]]:
    """Ask for codes of the app that shows this one from now on; return it and recovery codes.

    What the password alone began ends: every log-in there is.

    :raises CodeRefusedError: if an app with the offered secret does not show this code now
    :raises SecretUnreadableError: if the secret was not offered to this person
    :raises AlreadyOnError: if there is a second factor
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing changes
    """
    step = totp.step_of(offered(user_id, sealed), recovery_codes.bare(code), at=at)
    if step is None:
        raise CodeRefusedError
    codes = _fresh_codes()
    with transaction.atomic():
        try:
            with transaction.atomic():
                app = Authenticator.objects.create(
                    user_id=user_id,
                    type=TOTP,
                    data={"secret": sealed, "last_step": step},
                    created_at=at,
                )
        except IntegrityError:
            raise AlreadyOnError from None
        _keep_codes(user_id, codes, at)
        User.objects.filter(pk=user_id).update(logins_valid_from=at)
        record_deed(Action.USER_SECOND_FACTOR_ADDED, user_id, at=at, method="totp")
        notices.tell(user_id, Change.SECOND_FACTOR_ON, at=at)
    return GoodCode(app.pk, app.pk, "totp", step=step), codes


def remove(user_id: UUID, *, at: datetime, actor: str | None = None) -> None:
    """Let the password alone be enough again; unless somebody else is named, its person decided so.

    :raises NotOnError: if it is
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing changes
    """
    with transaction.atomic():
        removed, _ = Authenticator.objects.filter(user_id=user_id).delete()
        if not removed:
            raise NotOnError
        record_deed(Action.USER_SECOND_FACTOR_REMOVED, user_id, at=at, method="totp", actor=actor)
        notices.tell(user_id, Change.SECOND_FACTOR_OFF, at=at)


def make_recovery_codes(user_id: UUID, *, at: datetime) -> list[str]:
    """Return new recovery codes; those before them open nothing any more.

    :raises NotOnError: if there is no second factor that they could stand in for
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing changes
    """
    codes = _fresh_codes()
    with transaction.atomic():
        if not Authenticator.objects.select_for_update().filter(user_id=user_id, type=TOTP).first():
            raise NotOnError
        _keep_codes(user_id, codes, at)
        record_deed(Action.USER_RECOVERY_CODES_MADE, user_id, at=at)
        notices.tell(user_id, Change.RECOVERY_CODES, at=at)
    return codes


def _of_app(app: Authenticator, code: str, at: datetime) -> GoodCode:
    try:
        secret = _sealer().unseal(app.data["secret"], user_id=app.user_id)
    except SecretUnreadableError as error:
        logger.error("The second factor of user %s cannot be opened: %s", app.user_id, error)
        raise
    opened.remember(secret)
    step = totp.step_of(secret, code, at=at)
    if step is None or step <= app.data["last_step"]:
        raise CodeRefusedError
    return GoodCode(app.pk, app.pk, "totp", step=step)


def _fresh_codes() -> list[str]:
    codes = recovery_codes.draw()
    opened.remember(*codes)
    return codes


def _keep_codes(user_id: UUID, codes: list[str], at: datetime) -> None:
    hashes = recovery_codes.hashes_of(codes)
    Authenticator.objects.filter(user_id=user_id, type=RECOVERY_CODES).delete()
    Authenticator.objects.create(
        user_id=user_id, type=RECOVERY_CODES, data={"hashes": hashes}, created_at=at
    )


def _rows(user_id: UUID) -> dict[str, Authenticator]:
    return {row.type: row for row in Authenticator.objects.filter(user_id=user_id)}


def _sealer() -> Sealer:
    found: Sealer = get_adapter()
    return found
