"""Who is asking the API: a bearer token first, else the session of a page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import Error
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import authentication, exceptions
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts.external_tokens import TokenNotForPeopleError
from accounts.jwks import KeysUnavailableError
from accounts.models import User
from accounts.services import bearers, logins
from accounts.services.endings import LoginEndedError
from accounts.services.logins import AUTHENTICATED_AT
from accounts.tokens import Claims, TokenExpiredError, TokenInvalidError
from audit.services import AuditUnavailableError

CHALLENGE = 'Bearer realm="signupassist"'
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class SessionExpiredError(exceptions.AuthenticationFailed):
    """The log-in was good once: its hour is over, or it was ended."""

    default_code = "session_expired"
    default_detail = _("Your session expired. Please log in again.")


class NotLoggedInError(exceptions.NotAuthenticated):
    """No log-in, or none that is ours."""

    default_code = "not_authenticated"
    default_detail = _("Please log in.")


class NotForPeopleError(exceptions.PermissionDenied):
    """A good token, but of a service, or of a visitor who never logged in."""

    default_code = "forbidden"
    default_detail = _("You are not allowed to do this.")


class AuthUnavailableError(exceptions.APIException):
    """Whether the token is good only its issuer could tell, and that cannot be asked."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "auth_unavailable"
    default_detail = _("We cannot check your log-in right now. Please try again shortly.")


class CsrfFailedError(exceptions.PermissionDenied):
    """A session came along without the proof that our own page sent the request."""

    default_code = "csrf_failed"
    default_detail = _("This page is out of date. Please reload it and try again.")


@dataclass(frozen=True)
class Login:
    """How and when somebody proved who they are: `request.auth`."""

    method: Literal["jwt", "session"]
    authenticated_at: datetime
    claims: Claims | None = field(default=None, compare=False)  # of the token, if there was one
    page: HttpRequest | None = field(default=None, compare=False, repr=False)  # of the session

    def is_recent(self, at: datetime) -> bool:
        """Say whether its person proved who they are a moment ago."""
        if self.page is not None:
            return logins.is_recent(self.page, at=at)
        return at - self.authenticated_at <= logins.RECENT


@contextmanager
def _before_any_deed(request: Request) -> Iterator[None]:
    """Say of a deed that it was neither recorded nor done, where nobody can be recognised.

    :raises AuditUnavailableError: if the database refuses
    """
    try:
        yield
    except Error as error:
        if request.method in SAFE_METHODS:
            raise
        raise AuditUnavailableError("nobody can be recognised") from error


class JWTAuthentication(authentication.BaseAuthentication):
    """Believes a bearer token; a bad one is refused, whatever cookies came along."""

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[User, Login] | None:
        """Return who the token is for, or None where there is no bearer token.

        :raises SessionExpiredError: if it is too old, or the log-in was ended
        :raises NotLoggedInError: if it is not a good token
        :raises NotForPeopleError: if it is a good one, but not of a person who logged in
        :raises AuthUnavailableError: if its issuer's keys cannot be had
        :raises audit.AuditUnavailableError: if somebody's first visit cannot be recorded
        """
        words = authentication.get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise NotLoggedInError
        try:
            with _before_any_deed(request):
                user, claims = bearers.person_with(words[1].decode("latin-1"), at=timezone.now())
        except (TokenExpiredError, LoginEndedError):
            raise SessionExpiredError from None
        except TokenInvalidError:
            raise NotLoggedInError from None
        except TokenNotForPeopleError:
            raise NotForPeopleError from None
        except KeysUnavailableError:
            raise AuthUnavailableError from None
        return user, Login("jwt", claims.authenticated_at or LONG_AGO, claims)

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401, which says so if a token was the reason (RFC 6750)."""
        words = authentication.get_authorization_header(request).split()
        presented = bool(words) and words[0].lower() == b"bearer"
        return f'{CHALLENGE}, error="invalid_token"' if presented else CHALLENGE


def claims_of(request: Request) -> Claims:
    """Return what the token says that the request came with.

    :raises NotLoggedInError: if it came without one
    """
    login = request.auth
    if not isinstance(login, Login) or login.claims is None:
        raise NotLoggedInError
    return login.claims


class SessionAuthentication(authentication.SessionAuthentication):
    """Believes the session cookie of our own pages, with their CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, Login] | None:
        """Return whose session it is, or None where no session came along.

        :raises SessionExpiredError: if the session came to its end
        :raises CsrfFailedError: if the request may come from somebody else's page
        """
        http: HttpRequest = request._request
        with _before_any_deed(request):
            if http.user.is_authenticated:
                logins.end_if_too_old(http, at=timezone.now())
            user = http.user if isinstance(http.user, User) and http.user.is_active else None
        if user:
            self.enforce_csrf(request)
            return user, Login("session", _authenticated_at(http), page=http)
        if session_has_ended(http):
            raise SessionExpiredError
        return None

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied:
            raise CsrfFailedError from None


def session_has_ended(request: HttpRequest) -> bool:
    """Tell whether a cookie came along whose session is gone, or whose person may not log in."""
    if not request.COOKIES.get(settings.SESSION_COOKIE_NAME) or request.user.is_authenticated:
        return False
    # asking for the user has loaded the session, which drops a key it does not find
    return request.session.session_key is None or SESSION_KEY in request.session


def _authenticated_at(request: HttpRequest) -> datetime:
    """Return when the session began; one that does not say is as old as can be."""
    said: Any = request.session.get(AUTHENTICATED_AT)
    return datetime.fromisoformat(said) if isinstance(said, str) else LONG_AGO
