"""How commands ask an operator for somebody's password."""

from getpass import getpass

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, OutputWrapper

from accounts.models import User
from audit import opened

TRIES = 3


def ask_for_password(user: User, out: OutputWrapper) -> str:
    """Return a password that was typed twice, and is as good as the pages want it for this person.

    :raises CommandError: where none was typed
    """
    try:
        for _ in range(TRIES):
            typed, again = getpass("Password: "), getpass("Password (again): ")
            flaw = flaw_of(typed, user) if typed == again else "They are not the same."
            if flaw is None:
                return typed
            out.write(flaw)
    except (KeyboardInterrupt, EOFError):
        raise CommandError("Nothing was changed.", returncode=130) from None
    raise CommandError("Nothing was changed.")


def flaw_of(password: str, user: User) -> str | None:
    """Return in words why this password is not good enough for this person, or None."""
    opened.remember_typed(password)
    try:
        get_adapter().clean_password(password, user)
    except ValidationError as refused:
        return " ".join(refused.messages)
    return None
