"""Create somebody with every right: Django's command, with a record."""

import os
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from accounts.management.asking import ask_for_password, flaw_of
from accounts.models import User
from accounts.services import people
from audit.printing import say
from audit.services import AuditUnavailableError

EMAIL, PASSWORD = "DJANGO_SUPERUSER_EMAIL", "DJANGO_SUPERUSER_PASSWORD"


class Command(BaseCommand):
    help = (
        "Create an account with every right, which no command gives to one that is there already. "
        "Most staff need less: see staff --help. Recorded in its trail."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", help="the e-mail to log in with, else it is asked for")
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help=f"ask for nothing: take {EMAIL} and {PASSWORD} from the environment; without a "
            "password, nobody can log in until changepassword has set one",
        )

    def handle(self, *, email: str | None, verbosity: int, **options: Any) -> None:
        asks = options["interactive"]
        user = User(email=_good(email or (_typed() if asks else os.environ.get(EMAIL, ""))))
        if people.find_by_email(user.email):
            raise CommandError(f"{user.email} has an account already.")
        password = ask_for_password(user, self.stderr) if asks else _given(user)
        try:
            people.create_superuser(email=user.email, password=password, at=timezone.now())
        except people.EmailTakenError:
            raise CommandError(f"{user.email} has an account by now.") from None
        except AuditUnavailableError:
            raise CommandError("It could not be recorded, so it was not done.") from None
        if verbosity:
            say(self.stdout, self.style.SUCCESS(f"{user.email} has an account with every right."))


def _typed() -> str:
    try:
        return input("E-mail: ")
    except (KeyboardInterrupt, EOFError):
        raise CommandError("Nothing was created.", returncode=130) from None


def _good(email: str) -> str:
    address = User.objects.normalize_email(email)
    try:
        validate_email(address)
    except ValidationError:
        raise CommandError(
            "This is no e-mail to log in with. Good: --email you@example.org"
        ) from None
    return address


def _given(user: User) -> str | None:
    """Return the password in the environment; one that is not good enough there is refused."""
    password = os.environ.get(PASSWORD)
    if password and (flaw := flaw_of(password, user)):
        raise CommandError(f"{PASSWORD}: {flaw}")
    return password
