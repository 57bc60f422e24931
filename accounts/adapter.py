"""What allauth does, done our way: thin hooks that call the logins."""

# allauth ships no types, so its classes are Any to the checker:
# mypy: disable-error-code="misc"

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import clear_authentication_records
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import User, UserManager
from accounts.services import logins, people

LONGEST_EMAIL = 254  # as long as the column
LONGEST_PASSWORD = 1_024


class AccountAdapter(DefaultAccountAdapter):
    """Records each deed with it, and speaks our sentences."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": gettext_lazy("That e-mail and password do not match."),
        "incorrect_password": gettext_lazy("That password does not match."),
        "email_taken": gettext_lazy("There is already an account with this e-mail."),
        "too_many_login_attempts": (
            gettext_lazy(
                "Too many requests. Please wait a moment. You can log in again within five "
                "minutes, or set a new password now."
            )
        ),
        "rate_limited": gettext_lazy("Too many requests. Please wait a moment."),
    }

    def save_user(self, request: HttpRequest, user: User, form: Form, commit: bool = True) -> User:
        filled: User = super().save_user(request, user, form, commit=False)
        if commit:
            people.sign_up(filled, at=timezone.now())
        return filled

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the person whose e-mail and password these are, or None (recorded).

        :raises ValidationError: after too many failures
        """
        user: User | None = super().authenticate(request, **credentials)
        # allauth hands over disabled accounts, to tell them so, and knows nothing of other issuers
        if user and not (user.is_active and user.is_local):
            self.pre_authenticate(request, **credentials)  # it took a success off the count
            self.authentication_failed(request, **credentials)
            return None
        return user

    def reauthenticate(self, user: User, password: str) -> bool:
        """Return whether this is the person's password, by the limits and records of the log-in.

        :raises ValidationError: after too many failures
        """
        return self.authenticate(self.request, email=user.email, password=password) == user

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Return the one page that asks again: for the password, and a code where one is needed."""
        page = {"id": "reauthenticate", "description": "", "url": reverse("account_reauthenticate")}
        return [page] if user.has_usable_password() else []

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        logins.note_failed_login(email=credentials.get("email", ""), at=timezone.now())

    def pre_login(self, request: HttpRequest, user: User, **how: Any) -> HttpResponse | None:
        """Keep no list of e-mails and proofs in the session: the logins note what was proved."""
        clear_authentication_records(request)
        answer: HttpResponse | None = super().pre_login(request, user, **how)
        return answer

    def get_login_stages(self) -> list[str]:
        """Return what stands between the password and the session: the code alone."""
        return ["accounts.stages.CodeStage"]

    def login(self, request: HttpRequest, user: User) -> None:
        logins.log_in(request, user, at=timezone.now())

    def logout(self, request: HttpRequest) -> None:
        logins.log_out(request, at=timezone.now())

    def clean_email(self, email: str) -> str:
        if len(email) > LONGEST_EMAIL:  # allauth's form takes more, and would cut it off
            raise ValidationError(
                _("Please use at most %(longest_email)s characters.")
                % {"longest_email": LONGEST_EMAIL}
            )
        return email

    def clean_password(self, password: str, user: User | None = None) -> str:
        if len(password) > LONGEST_PASSWORD:
            raise ValidationError(
                _("Please use at most %(longest_password)s characters.")
                % {"longest_password": LONGEST_PASSWORD}
            )
        accepted: str = super().clean_password(password, user)
        return accepted

    def is_safe_url(self, url: str) -> bool:
        """Follow `next` to paths of ours, and nowhere else."""
        return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that the API's limits count by as well (NUM_PROXIES decides)."""
        return BaseThrottle().get_ident(Request(request))

    def is_ajax(self, request: HttpRequest) -> bool:
        """Answer every form with a page; programs have the API."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Stay silent where allauth would chat; the views say what needs to be said."""

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count the failures of an e-mail under whatever host name of ours they are tried."""
        return UserManager.normalize_email(credentials.get("email"))
