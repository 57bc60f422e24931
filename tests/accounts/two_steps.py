"""Second factors for the tests: an authenticator app, and what its person keeps."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts import totp
from accounts.models import User
from accounts.services import second_factor

SETTLED = timedelta(minutes=5)  # ago: the code that turned it on is used up and long gone


@dataclass(frozen=True)
class App:
    """An authenticator app on somebody's phone, and the recovery codes beside it."""

    secret: str
    recovery_codes: list[str]

    def code(self, at: datetime | None = None) -> str:
        """Return the code that it shows."""
        return totp.code_of(self.secret, totp.step_at(at or timezone.now()))

    def wrong_code(self) -> str:
        """Return six digits that it does not show in these minutes."""
        now = totp.step_at(timezone.now())
        shown = {totp.code_of(self.secret, now + offset) for offset in range(-10, 11)}
        return next(code for code in (f"{one:06}" for one in range(100)) if code not in shown)


def turn_on(user: User, at: datetime | None = None) -> App:
    """Return the app of somebody who turned two-step log-in on a while ago."""
    at = at or timezone.now() - SETTLED
    secret, sealed = second_factor.offer(user.pk)
    code = totp.code_of(secret, totp.step_at(at))
    _, recovery_codes = second_factor.add(user.pk, sealed=sealed, code=code, at=at)
    user.refresh_from_db()  # its log-ins ended
    return App(secret, recovery_codes)
