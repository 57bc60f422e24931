"""Keeps the secrets of second factors sealed: what `accounts` may not know of `credentials`."""

from typing import NoReturn
from uuid import UUID

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser

from accounts.services.second_factor import SecretUnreadableError
from audit.actions import Action
from credentials import services
from credentials.registry import LastingText

SECRETS = LastingText(
    Authenticator,
    "data",
    "with its account",
    member="secret",
    label="totp",
    thing="second factor",
    action=Action.USER_SECOND_FACTOR_RESEALED,
)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # it ships no types
    """Seals for one person; allauth's own hooks, which do not know for whom, are closed."""

    def seal(self, secret: str, *, user_id: UUID) -> str:
        """Return the secret sealed for this person."""
        return services.seal_json(secret, **SECRETS.place_of(user_id))

    def unseal(self, text: str, *, user_id: UUID) -> str:
        """Return the secret that was sealed for this person.

        :raises SecretUnreadableError: if its key is missing, or it is damaged or out of place
        """
        try:
            secret: str = services.open_json(text, **SECRETS.place_of(user_id))
        except (services.KeyUnavailableError, services.CredentialUnreadableError) as error:
            raise SecretUnreadableError(str(error)) from None
        return secret

    def encrypt(self, text: str) -> NoReturn:
        """Keep allauth's own pages from storing what opens in anybody's row."""
        raise NotImplementedError("second factors are added by accounts.services.second_factor")

    def decrypt(self, encrypted_text: str) -> NoReturn:
        """Keep allauth's own forms from checking codes past our records and limits."""
        raise NotImplementedError("codes are checked by accounts.services.second_factor")

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """Return the name that an app shows for the account: the e-mail."""
        return str(user)
