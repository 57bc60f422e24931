"""Taking a code at a door: so many in five minutes and a day, and each refusal is recorded."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from allauth.core.internal import ratelimit  # its public door cannot take one attempt back
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.services import second_factor
from accounts.services.second_factor import CodeRefusedError, GoodCode, SecretUnreadableError
from audit import opened

Answer = TypeVar("Answer")

LIMIT = "second_factor"  # in ACCOUNT_RATE_LIMITS


class TooManyCodesError(Exception):
    """Too many codes of this person were refused."""


REFUSALS: dict[type[Exception], StrOrPromise] = {  # as a page says it
    CodeRefusedError: _("That code is not right, or it was used before."),
    TooManyCodesError: _("Too many requests. Please wait a moment."),
    SecretUnreadableError: (
        _(
            "Codes of apps cannot be checked right now. Please use a recovery code, or try "
            "again later."
        )
    ),
}


def log_in_with(
    request: HttpRequest,
    user_id: UUID,
    code: str,
    *,
    at: datetime,
    then: Callable[[GoodCode], Answer],
) -> Answer:
    """Return what `then` does with a code that is right; it must use it up.

    Whoever gets here has proved to know the password: what is limited is guessing the rest. Every
    attempt counts before it is looked at, so that many at once are no way around it.

    :raises TooManyCodesError: if the limits are reached
    :raises CodeRefusedError: if it is not right, or was used before (recorded)
    :raises SecretUnreadableError: if that cannot be told
    :raises audit.AuditUnavailableError: if it cannot be recorded; then nothing is done
    """
    opened.remember_typed(code)
    attempt = ratelimit.consume(request, app="allauth.account", action=LIMIT, key=str(user_id))
    if not attempt:
        raise TooManyCodesError
    try:
        answer = then(second_factor.recognise(user_id, code, at=at))
    except CodeRefusedError:
        second_factor.note_refused_code(user_id, at=at, reason="code_refused")
        raise
    attempt.rollback()  # itself alone: a good code of the owner buys nobody else new guesses
    return answer
