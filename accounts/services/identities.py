"""Who an issuer's subject is here: found by that alone, never by an e-mail."""

import logging
import uuid
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import ExternalIdentity, User
from accounts.services import endings
from accounts.services.records import record_deed
from accounts.tokens import Claims
from audit.actions import Action

logger = logging.getLogger(__name__)


class IdentityTakenError(Exception):
    """The subject names an id that belongs to somebody who came another way."""


def person_of(claims: Claims, *, at: datetime) -> User:
    """Return the person whom these claims are about; who comes for the first time gets an account.

    An account has no rights but those of a parent, whatever the claims say.

    :raises IdentityTakenError: if the account would be one that somebody else has
    :raises endings.LoginEndedError: if they deleted their account this very moment
    :raises audit.AuditUnavailableError: if a new account cannot be recorded; then there is none
    """
    known = _find(claims)
    if known is not None:
        return known
    try:
        return _sign_up(claims, at=at)
    except IntegrityError:
        # two first requests at once, or an account that nobody may slip into
        known = _find(claims)
        if known is None:
            logger.warning("A subject of %s names the id of another account", claims.issuer)
            raise IdentityTakenError from None
        return known


def _find(claims: Claims) -> User | None:
    found = ExternalIdentity.objects.select_related("user").filter(
        issuer=claims.issuer, subject=claims.subject
    )
    identity = found.first()
    return identity.user if identity else None


def _sign_up(claims: Claims, *, at: datetime) -> User:
    user = User(
        id=claims.user_id or uuid.uuid4(), email=claims.email, is_local=False, date_joined=at
    )
    user.set_unusable_password()
    with transaction.atomic():
        user.save(force_insert=True)
        ExternalIdentity.objects.create(
            user=user, issuer=claims.issuer, subject=claims.subject, created_at=at
        )
        if endings.has_ended(claims):  # asked before, and the row above waited for a deletion
            raise endings.LoginEndedError
        record_deed(Action.USER_SIGNED_UP, user.pk, at=at, method=claims.issuer)
    return user
