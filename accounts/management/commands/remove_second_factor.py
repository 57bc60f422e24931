"""Let somebody in again who lost their phone and their recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.services import people, second_factor
from audit.actions import SYSTEM
from audit.printing import say
from audit.services import AuditUnavailableError


class Command(BaseCommand):
    help = (
        "Turn two-step log-in off for somebody who lost their phone and their recovery codes. Make "
        "sure first that it is them: their password alone opens the account then. Recorded in their "
        "trail. Exits with 1 where there was nothing to turn off."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the e-mail that they log in with")

    def handle(self, *, email: str, verbosity: int, **options: Any) -> None:
        user = people.find_by_email(email)
        if user is None:
            raise CommandError(f"Nobody logs in here as {email}.")
        try:
            second_factor.remove(user.pk, at=timezone.now(), actor=SYSTEM)
        except second_factor.NotOnError:
            raise CommandError(f"{email} logs in with a password alone already.") from None
        except AuditUnavailableError:
            raise CommandError("It could not be recorded, so it was not done.") from None
        if verbosity:
            said = f"{email} logs in with the password alone now. They can turn it on again."
            say(self.stdout, self.style.SUCCESS(said))
