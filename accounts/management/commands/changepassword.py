"""Give somebody a new password: Django's command, as the pages do it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.management.asking import ask_for_password
from accounts.services import passwords, people
from audit.printing import say
from audit.services import AuditUnavailableError


class Command(BaseCommand):
    help = (
        "Give somebody who logs in here a new password, typed twice. They are logged out everywhere, "
        "and told by mail; it is recorded in their trail. Better, where mail is sent: let them "
        "follow “Forgot your password?”, so that nobody else knows it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the e-mail that they log in with")

    def handle(self, *, email: str, verbosity: int, **options: Any) -> None:
        user = people.find_by_email(email)
        if user is None:
            raise CommandError(f"Nobody logs in here as {email}.")
        password = ask_for_password(user, self.stderr)
        try:
            passwords.replace(user.pk, password, at=timezone.now())
        except user.DoesNotExist:
            raise CommandError(f"Nobody logs in here as {email}, any more.") from None
        except AuditUnavailableError:
            raise CommandError("It could not be recorded, so it was not done.") from None
        if verbosity:
            said = f"{user} has a new password, and is logged out everywhere."
            say(self.stdout, self.style.SUCCESS(said))
