"""What is kept of a log-in that waits for its code: whose it is, and what their password proved."""

# allauth ships no types, so its classes are Any to the checker:
# mypy: disable-error-code="misc"

from typing import Any

from allauth.account.models import Login
from allauth.account.stages import LoginStage
from allauth.mfa.stages import AuthenticateStage
from django.utils.crypto import constant_time_compare

from accounts.services import second_factor

SEEN = "seen"  # what a session of this person was begun on when the password was checked


class CodeStage(AuthenticateStage):
    """allauth's, bound to the password that was right, and without the e-mail that was typed."""

    def handle(self) -> tuple[Any, bool]:
        answer, goes_on = super().handle()
        if answer:
            self.state[SEEN] = self.login.user.get_session_auth_hash()
            self.login.email = None
        return answer, goes_on


def still_counts(stage: LoginStage) -> bool:
    """Say whether a log-in that waits for its code may go on.

    Its account may be gone by now, disabled or without a second factor, its password another one,
    or its log-ins ended.
    """
    login: Login = stage.login
    user, seen = login.user, stage.state.get(SEEN, "")
    if user is None or not user.is_active or not second_factor.is_on(user.pk):
        return False
    return constant_time_compare(seen, user.get_session_auth_hash())
