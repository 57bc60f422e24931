"""Pages are for people who are logged in, unless they say otherwise."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequired
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect

from accounts.authentication import NotLoggedInError, SessionExpiredError, session_has_ended


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
