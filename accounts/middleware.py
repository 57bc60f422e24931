"""Who gets in at all: not too often from one address, and not with a log-in that is too old.

Pages are for people who are logged in, unless they say otherwise.
"""

from collections.abc import Callable
from typing import Any

from allauth.core.internal.ratelimit import get_ip
from allauth.core.ratelimit import respond_429
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequired
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone

from accounts import limits
from accounts.authentication import NotLoggedInError, SessionExpiredError, session_has_ended
from accounts.services import logins

GetResponse = Callable[[HttpRequest], HttpResponse]

DOORS = ("/auth", "/api/v1/auth/", "/admin/login/")


class RequestLimitMiddleware:
    """Refuse more requests of one address than a minute allows, before anything is looked up.

    Log-in pages have a limit of their own, besides those of failures (ACCOUNT_RATE_LIMITS). People
    are counted once they are known, by `accounts.throttling`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address, at = get_ip(request), timezone.now()
        seconds = limits.seconds_to_wait("address", address, at=at)
        if not seconds and request.path.startswith(DOORS):
            seconds = limits.seconds_to_wait("doors", address, at=at)
        if not seconds:
            return self.get_response(request)
        answer: HttpResponse = respond_429(request)
        answer["Retry-After"] = str(seconds)
        return answer


class LoginAgeMiddleware:
    """End the session of a page whose log-in is too old, or whose staff was away for too long.

    The API does so where it finds out who asks, and says in its own way that the database is away.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_cookie = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_cookie and not request.path.startswith("/api/") and request.user.is_authenticated:
            logins.end_if_too_old(request, at=timezone.now())
        return self.get_response(request)


class LoginRequiredMiddleware(DjangoLoginRequired):
    """Send everybody else to /auth, which then says why, and brings them back afterwards."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Look at nobody's session for a view that takes everybody, or finds out itself who asks.

        So the API says in its own way that the database is away.
        """
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def get_login_url(self, view_func: Any) -> str:
        return settings.LOGIN_URL  # one log-in page for all, the admin included

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseRedirect:
        reason = SessionExpiredError if session_has_ended(request) else NotLoggedInError
        if not len(messages.get_messages(request)):  # several tabs need no chorus
            messages.info(request, reason.default_detail)
        return super().handle_no_permission(request, view_func)
