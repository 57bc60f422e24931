"""The doors of the accounts in the API: the token and `me`. The pages are in `accounts.pages`."""

from datetime import datetime
from http import HTTPStatus

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django_stubs_ext import StrOrPromise
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import codes, tokens
from accounts.authentication import CHALLENGE, JWTAuthentication, claims_of
from accounts.models import User
from accounts.serializers import MeOutput, TokenInput, TokenOutput
from accounts.services import endings, logins, second_factor
from accounts.services.second_factor import CodeRefusedError, SecretUnreadableError
from audit.context import user_id_of
from audit.strict import NothingInput

RETRY_AFTER_SECONDS = 300  # after five failures in five minutes, the limit that is usually met


class LoginFailedError(APIException):
    """The e-mail has no account, or another password."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_code = "login_failed"
    default_detail = _("That e-mail and password do not match.")
    auth_header = CHALLENGE  # the view has no authenticators that could name it


class SecondFactorRequiredError(APIException):
    """The e-mail and password match, and they are not enough."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_code = "second_factor_required"
    default_detail: StrOrPromise = _("Please also give the code from your authenticator app.")
    auth_header = CHALLENGE


class CodeFailedError(SecondFactorRequiredError):
    """They match, and the code that came along is wrong, or was used before."""

    default_code = "second_factor_refused"
    default_detail = codes.REFUSALS[CodeRefusedError]


class CodeUnreadableError(APIException):
    """Whether the code is right cannot be told: the key that opens its secret is missing."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "second_factor_unavailable"
    default_detail = codes.REFUSALS[SecretUnreadableError]


class TooManyAttemptsError(Throttled):
    """The limits of the log-in page, which count these attempts as well, are reached."""

    default_code = "rate_limited"
    default_detail = _("Too many requests. Please wait a moment.")

    def __init__(self) -> None:
        super().__init__()
        self.wait = RETRY_AFTER_SECONDS


class TokenView(APIView):
    """Exchange an e-mail and its password, with a code where they need one, for a bearer token."""

    authentication_classes = ()  # no cookie is looked at, so no other page can use one here
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="auth_token", request=TokenInput, responses=TokenOutput, auth=[])
    @method_decorator(sensitive_variables())
    def post(self, request: Request) -> Response:
        given = TokenInput(data=request.data)
        given.is_valid(raise_exception=True)
        typed = dict(given.validated_data)
        code = typed.pop("code", None)
        at = timezone.now()  # before the slow check: what ends log-ins meanwhile ends this one
        user = _authenticate(request._request, **typed)
        try:
            if second_factor.is_on(user.pk):
                _log_in_with_code(request._request, user, code, at)
            else:
                logins.log_in_for_token(user, at=at)
        except logins.LogInOvertakenError:
            raise LoginFailedError from None
        answer = {
            "access": tokens.issue(user.pk, at=at),
            "token_type": "Bearer",
            "expires_in": int(tokens.LIFETIME.total_seconds()),
        }
        return Response(TokenOutput(answer).data, headers={"Cache-Control": "no-store"})


class TokenLogOutView(APIView):
    """End a log-in by token: this token is refused from now on, and its issuer's session."""

    authentication_classes = (JWTAuthentication,)  # pages have a log-out of their own

    @extend_schema(operation_id="auth_logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        NothingInput(data=request.data).is_valid(raise_exception=True)
        endings.end_token(claims_of(request), user_id_of(request), at=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)


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


@sensitive_variables()
def _log_in_with_code(request: HttpRequest, user: User, code: str | None, at: datetime) -> None:
    """Note a log-in with a code, by the limits and records of the log-in page.

    :raises SecondFactorRequiredError: if no code came along (recorded, for the password was right)
    :raises CodeFailedError: if it is not right, or was used before
    :raises CodeUnreadableError: if that cannot be told
    :raises logins.LogInOvertakenError: if the password counts no more
    :raises TooManyAttemptsError: if the limits are reached
    """
    if code is None:
        second_factor.note_refused_code(user.pk, at=at, reason="no_code")
        raise SecondFactorRequiredError
    try:
        codes.log_in_with(
            request,
            user.pk,
            code,
            at=at,
            then=lambda good: logins.log_in_for_token(user, code=good, at=at),
        )
    except CodeRefusedError:
        raise CodeFailedError from None
    except codes.TooManyCodesError:
        raise TooManyAttemptsError from None
    except SecretUnreadableError:
        raise CodeUnreadableError from None
