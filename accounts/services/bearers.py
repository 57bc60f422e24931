"""Who shows a bearer token: whoever signed it, the answer is a person of ours."""

from datetime import datetime

from django.views.decorators.debug import sensitive_variables

from accounts import external_tokens, tokens
from accounts.models import User
from accounts.services import endings, identities
from accounts.services.endings import LoginEndedError
from accounts.tokens import Claims


@sensitive_variables()
def person_with(token: str, *, at: datetime) -> tuple[User, Claims]:
    """Return whose token this is, and what it says.

    :raises LoginEndedError: if the log-in was ended, or its person may no longer log in
    :raises tokens.TokenExpiredError: if it is too old
    :raises tokens.TokenInvalidError: if it is no good token
    :raises external_tokens.TokenNotForPeopleError: if it is good, but no person's
    :raises jwks.KeysUnavailableError: if the keys of its issuer cannot be had
    :raises audit.AuditUnavailableError: if somebody's first visit cannot be recorded
    """
    seen = tokens.glance(token)
    is_ours = seen.issuer == tokens.NAME
    claims = tokens.verify(token, at=at) if is_ours else external_tokens.verify(token, seen, at=at)
    if endings.has_ended(claims):
        raise LoginEndedError
    user = _local(claims) if is_ours else _external(claims, at=at)
    since = user.logins_valid_from
    if not user.is_active or (since and claims.proved_at < since):
        raise LoginEndedError
    return user, claims


def _local(claims: Claims) -> User:
    user = User.objects.filter(pk=claims.subject).first()
    if user is None:
        raise LoginEndedError
    return user


def _external(claims: Claims, *, at: datetime) -> User:
    try:
        return identities.person_of(claims, at=at)
    except identities.IdentityTakenError:
        raise tokens.TokenInvalidError from None
