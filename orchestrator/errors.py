"""One handler for everything that goes wrong below /api/: `application/problem+json` (RFC 9457)."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts import authentication
from accounts.models import User
from audit.context import current_request_id
from audit.nodes import MissingNodeError
from audit.paging import BadCursorError
from audit.services import AuditUnavailableError
from credentials.services import (
    CredentialExistsError,
    CredentialNotFoundError,
    CredentialUnreadableError,
    KeyUnavailableError,
    RevealBudgetSpentError,
)
from credentials.views import ReauthenticationRequiredError
from orchestrator.catalogue import AUTH, AUTH_AGAIN, CATALOGUE
from orchestrator.flow.parts import start_over
from orchestrator.idempotency.keys import KeyInProgressError, KeyReusedError
from orchestrator.services.refusals import RefusedError
from orchestrator.services.turns import (
    ConversationLockedError,
    ConversationUnreadableError,
    rfc3339,
)
from sessions_store.services import SessionExpiredError, SessionNotFoundError

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="signupassist"'
SOURCE_HEADER = "X-SCP-Source"  # where the data came from, or who failed to give any

# The errors of the apps, each with its row of the catalogue
CODES: dict[type[Exception], str] = {
    Http404: "not_found",
    ObjectDoesNotExist: "not_found",
    PermissionDenied: "forbidden",
    RequestDataTooBig: "payload_too_large",
    UnreadablePostError: "invalid_request",  # whoever sent it is gone
    AuditUnavailableError: "audit_unavailable",
    ConversationLockedError: "conversation_locked",
    ConversationUnreadableError: "conversation_unreadable",
    CredentialExistsError: "credential_exists",
    CredentialNotFoundError: "not_found",
    CredentialUnreadableError: "credential_unreadable",
    KeyInProgressError: "idempotency_key_in_progress",
    KeyReusedError: "idempotency_key_reused",
    KeyUnavailableError: "key_unavailable",
    MissingNodeError: "proof_unavailable",  # of a bundle: `manage.py verify_audit` names what is gone
    ReauthenticationRequiredError: "reauthentication_required",
    RevealBudgetSpentError: "rate_limited",
    SessionExpiredError: "checkout_session_expired",
    SessionNotFoundError: "checkout_session_not_found",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "rate_limited",
    exceptions.ParseError: "invalid_request",
}
SHOWN_AS = {
    "checkout_session_not_found": "not_found",
    "conversation_locked": "key_unavailable",
    "conversation_unreadable": "credential_unreadable",
}
STARTS_OVER = {
    "checkout_session_expired",
    "checkout_session_not_found",
    "conversation_locked",
    "conversation_unreadable",
}
LEADS_TO = {  # pages that bring whoever adds `?next=` back
    "session_expired": AUTH,
    "not_authenticated": AUTH,
    "reauthentication_required": AUTH_AGAIN,
}


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """Return the answer to any error that a view raised (DRF's `EXCEPTION_HANDLER`)."""
    set_rollback()
    refused = any(isinstance(one, IntegrityError) for one in (error, error.__cause__))
    if refused and _is_gone(context["request"].user):
        error = authentication.SessionExpiredError()
    body, headers = _describe(error)
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def problem(request: HttpRequest, *, code: str, status: int, detail: str) -> JsonResponse:
    """Return a problem where no view could answer: unknown paths, CSRF, broken requests."""
    body, headers = _body(code, detail=detail, status=status)
    return JsonResponse(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def _describe(error: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    if isinstance(error, RefusedError):
        body, headers = _body(
            error.code,
            detail=error.detail,
            status=error.status,
            cta=error.cta,
            turn=error.turn,
            errors=error.errors,
            status_url=error.status_url,
            source=error.source,
        )
        if error.version is not None:
            headers["ETag"] = f'"{error.version}"'
        return body, headers
    if isinstance(error, exceptions.ValidationError):
        return _body("invalid_request", errors=_sentences(error.detail))
    if isinstance(error, BadCursorError):
        return _body("invalid_request", errors={"cursor": [str(error)]})
    for kind in type(error).__mro__:
        if kind in CODES:
            if CATALOGUE[CODES[kind]].status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                logger.error("%s (%s)", type(error).__name__, _cause(error))
            wait = getattr(error, "wait", None)
            return _body(CODES[kind], retry_after=int(wait) if wait else None)
    if isinstance(error, exceptions.APIException):
        code = error.get_codes()
        challenge = getattr(error, "auth_header", None)
        known = code if isinstance(code, str) and code in CATALOGUE else _by_status(error)
        return _body(known, challenge=challenge)
    logger.error("A request broke", exc_info=error)
    # on SQLite a wrong statement looks like this, too: hence the stack in the log
    is_away = isinstance(error, InterfaceError | OperationalError)
    return _body("database_unavailable" if is_away else "internal_error")


def _is_gone(user: User | AnonymousUser) -> bool:
    """Return whether somebody deleted their account while we served them: nothing can be theirs."""
    return user.is_authenticated and not User.objects.filter(pk=user.pk).exists()


def _cause(error: Exception) -> str:
    """Return what lies behind an error, by name: a database's own text may hold a whole row."""
    cause = error.__cause__ or error.__context__
    return type(cause).__name__ if cause else str(error) or "no cause given"


def _by_status(error: exceptions.APIException) -> str:
    """Return the code for an error of the framework that the catalogue does not name."""
    return {401: "not_authenticated", 403: "forbidden"}.get(error.status_code, "internal_error")


def _body(
    name: str,
    *,
    detail: str | None = None,
    status: int | None = None,
    cta: Sequence[Any] = (),
    turn: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    status_url: str | None = None,
    source: str | None = None,
    retry_after: int | None = None,
    challenge: str | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the members of a problem and its headers."""
    entry = CATALOGUE.get(name) or CATALOGUE["provider_rejected"]  # a provider's own code
    code, status = SHOWN_AS.get(name, name), status or entry.status
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or entry.sentence,
        "code": code,
        "retryable": entry.retryable,
        "cta": [start_over()] if name in STARTS_OVER else list(cta),
        "redirect": LEADS_TO.get(name),
        "request_id": current_request_id(),
    }
    extras = {"turn": turn, "errors": errors, "status_url": status_url}
    body |= {member: value for member, value in extras.items() if value is not None}
    if retry_after:
        again = timezone.now() + timedelta(seconds=retry_after)
        body["retry_at"] = rfc3339(again.replace(microsecond=0))
    headers = {"Cache-Control": "no-store"}
    if source:
        headers[SOURCE_HEADER] = source
    if wait := retry_after or entry.retry_after:
        headers["Retry-After"] = str(wait)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = challenge or CHALLENGE
    return body, headers


def _sentences(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Return DRF's nested errors as sentences by field: `{"location.lat": ["…"]}`."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            found |= _sentences(inner, f"{prefix}.{name}" if prefix else str(name))
        return found
    if isinstance(detail, list):
        return {prefix or "body": [str(one) for one in detail]}
    return {prefix or "body": [str(detail)]}
