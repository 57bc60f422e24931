"""Say who of the staff may do what."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from accounts.services import roles
from accounts.services.roles import Role
from audit.printing import say
from audit.services import AuditUnavailableError

WIDTH = 30


class Command(BaseCommand):
    help = (
        "Give staff a role, take it away, or list who has which. Somebody with a role may use "
        "the admin. auditor: reads the ledger, and what logins there are. support: helps parents, "
        "ends signups, settles registrations, disables accounts. Each change is recorded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True, metavar="grant | revoke | list")
        for deed, help_text in (
            ("grant", "give somebody these roles"),
            ("revoke", "take these roles from somebody"),
        ):
            one = deeds.add_parser(deed, help=help_text, description=help_text.capitalize())
            one.add_argument("email", help="the e-mail that they log in with")
            one.add_argument(
                "roles", nargs="+", choices=Role.values, metavar="ROLE", help="auditor, support"
            )
        deeds.add_parser("list", help="show who has which role", description="Show all staff")

    def handle(self, *, deed: str, verbosity: int, **options: Any) -> None:
        if deed == "list":
            self._list()
            return
        email, wanted = options["email"], {Role(name) for name in options["roles"]}
        do = roles.grant if deed == "grant" else roles.revoke
        try:
            done = do(email=email, roles=wanted, at=timezone.now())
        except roles.NoSuchAccountError:
            raise CommandError(
                f"Nobody logs in here as {email}. They create their account first, at /auth/signup."
            ) from None
        except roles.AccountDisabledError:
            raise CommandError(f"The account of {email} is disabled. Nothing was given.") from None
        except roles.RolesMissingError:
            raise CommandError(
                "The database does not know the roles yet. Run: python manage.py migrate"
            ) from None
        except AuditUnavailableError:
            raise CommandError("It could not be recorded, so it was not done.") from None
        if verbosity:
            say(self.stdout, self._result(deed, email, wanted, done))

    def _result(self, deed: str, email: str, wanted: set[Role], done: list[Role]) -> str:
        if not done:
            return f"{email} {'has' if deed == 'grant' else 'does not have'} {_words(wanted)}."
        said = "was given" if deed == "grant" else "no longer has"
        return self.style.SUCCESS(f"{email} {said} {_words(done)}.")

    def _list(self) -> None:
        people = list(roles.everybody())
        if not people:
            say(self.stdout, "Nobody may use the admin yet.")
            return
        width = max(len(str(one)) for one in people) + 2
        say(self.stdout, f"{'E-mail':<{width}}{'Roles':<{WIDTH}}Account")
        for one in people:
            state = "active" if one.is_active else "disabled"
            say(self.stdout, f"{one!s:<{width}}{_trust(one):<{WIDTH}}{state}")


def _trust(user: User) -> str:
    held = [role.value for role in roles.roles_of(user)]
    return ", ".join(["superuser", *held] if user.is_superuser else held) or "none"


def _words(chosen: set[Role] | list[Role]) -> str:
    return " and ".join(sorted(role.value for role in chosen))
