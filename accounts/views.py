"""The doors of the accounts: the pages below /auth, and the API's token and `me`."""

# allauth ships no types, so its classes are Any to the checker:
# mypy: disable-error-code="misc"

from http import HTTPStatus
from typing import Any

from allauth.account import views as allauth
from allauth.account.adapter import get_adapter
from allauth.account.utils import get_next_redirect_url
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, tokens
from accounts.authentication import CHALLENGE
from accounts.models import User
from accounts.serializers import MeOutput, TokenInput, TokenOutput
from audit.services import AuditUnavailableError

RETRY_AFTER_SECONDS = 60


class LoginFailedError(APIException):
    """The e-mail has no account, or another password."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_code = "login_failed"
    default_detail = "That e-mail and password do not match."
    auth_header = CHALLENGE  # the view has no authenticators that could name it


class TooManyAttemptsError(Throttled):
    """The limits of the log-in page, which count these attempts as well, are reached."""

    default_code = "rate_limited"
    default_detail = "Too many requests. Please wait a moment."

    def __init__(self) -> None:
        super().__init__()
        self.wait = RETRY_AFTER_SECONDS


class RecordedPage:
    """A page whose deed is not done where it cannot be recorded; then it says so."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        except AuditUnavailableError:
            text = render_to_string("errors/503.html")  # without the request: it asks no database
            return HttpResponse(text, status=503, headers={"Retry-After": "30"})
        return answer


@method_decorator(login_not_required, name="dispatch")
class LogInView(RecordedPage, allauth.LoginView):
    """Log in; whoever is logged in already is sent on."""


@method_decorator(login_not_required, name="dispatch")
class SignUpView(RecordedPage, allauth.SignupView):
    """Create an account and log in: both, or neither."""

    def form_valid(self, form: Any) -> HttpResponseBase:
        try:
            with transaction.atomic():
                answer: HttpResponseBase = super().form_valid(form)
        except services.EmailTakenError:
            form.add_error("email", get_adapter().validation_error("email_taken"))
            return self.form_invalid(form)  # type: ignore[no-any-return]
        return answer


@method_decorator(
    [login_not_required, never_cache, sensitive_post_parameters("password")], name="dispatch"
)
class LogInAgainView(RecordedPage, allauth.ReauthenticateView):
    """Ask whoever is logged in for their password once more, and lead them back."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:  # a log-in is as good, and leads to the same place
            way_on = get_next_redirect_url(request) or settings.LOGIN_REDIRECT_URL
            return redirect_to_login(way_on, reverse("account_login"))
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponseBase:
        services.log_in_again(self.request, at=timezone.now())
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(way_back=self.get_success_url(), **kwargs)  # type: ignore[no-any-return]


@method_decorator([login_not_required, never_cache], name="dispatch")
class LogOutView(RecordedPage, allauth.LogoutView):
    """Ask on GET, log out on POST."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        was_logged_in = self.request.user.is_authenticated
        answer: HttpResponseBase = super().post(*args, **kwargs)
        if was_logged_in:
            messages.success(self.request, "You are logged out.")
        return answer


@login_not_required
@never_cache
def admin_login(request: HttpRequest) -> HttpResponseRedirect:
    """Send the admin's visitors to the one log-in page, and staff on to where they were going.

    :raises PermissionDenied: if they are logged in, but are no staff
    """
    wanted = get_next_redirect_url(request) or reverse("admin:index")
    if not request.user.is_authenticated:
        return redirect_to_login(wanted, reverse("account_login"))
    if not admin.site.has_permission(request):
        raise PermissionDenied
    return HttpResponseRedirect(wanted)


def not_here(request: HttpRequest) -> HttpResponse:
    """Close a page of the admin that would change an account without a record.

    :raises Http404: always
    """
    raise Http404


class TokenView(APIView):
    """Exchange an e-mail and its password for a bearer token."""

    authentication_classes = ()  # no cookie is looked at, so no other page can use one here
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="auth_token", request=TokenInput, responses=TokenOutput, auth=[])
    @method_decorator(sensitive_variables())
    def post(self, request: Request) -> Response:
        given = TokenInput(data=request.data)
        given.is_valid(raise_exception=True)
        user, at = _authenticate(request._request, **given.validated_data), timezone.now()
        services.log_in_for_token(user, at=at)
        answer = {
            "access": tokens.issue(user.pk, at=at),
            "token_type": "Bearer",
            "expires_in": int(tokens.LIFETIME.total_seconds()),
        }
        return Response(TokenOutput(answer).data, headers={"Cache-Control": "no-store"})


class MeView(APIView):
    """Tell who is logged in."""

    @extend_schema(operation_id="me", responses=MeOutput)
    def get(self, request: Request) -> Response:
        return Response(MeOutput(request.user).data)


@sensitive_variables()
def _authenticate(request: HttpRequest, *, email: str, password: str) -> User:
    """Return whose e-mail and password these are, by the limits and records of the log-in page.

    :raises LoginFailedError: if they do not match
    :raises TooManyAttemptsError: if the limits are reached
    """
    if not ratelimit.consume(request, action="login"):
        raise TooManyAttemptsError
    try:
        user: User | None = get_adapter().authenticate(request, email=email, password=password)
    except DjangoValidationError:
        raise TooManyAttemptsError from None
    if user is None:
        raise LoginFailedError
    return user
