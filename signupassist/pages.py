"""What is answered where no view could: a problem below /api/, a friendly page elsewhere.

The sentences are the catalogue's. The pages ask no database: it may be the reason why they are shown.
"""

import sys

from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from rest_framework.permissions import SAFE_METHODS

from orchestrator.catalogue import CATALOGUE
from orchestrator.errors import problem


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that came without its token, or from another site."""
    return _answer(request, "csrf_failed", "errors/csrf.html")


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be read."""
    return not_understood(request)


def not_understood(request: HttpRequest) -> HttpResponse:
    """Answer a request that cannot be read, where nothing was raised."""
    return _answer(request, "invalid_request", "errors/400.html")


def too_long(request: HttpRequest) -> HttpResponse:
    """Answer a request whose body is longer than we read."""
    return _answer(request, "payload_too_large", "errors/400.html")


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer somebody who may not do this."""
    return _answer(request, "forbidden", "403.html")


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path that leads nowhere."""
    return _answer(request, "not_found", "404.html")


def handler429(request: HttpRequest) -> HttpResponse:
    """Answer somebody who is too fast (allauth looks for it in the root of the paths)."""
    return _answer(request, "rate_limited", "errors/429.html")


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer where something of ours broke.

    What a view of the API meets, the API tells. So a database that fails below /api/ has failed
    before the view, and what was asked for was neither recorded nor done.
    """
    error = sys.exc_info()[1]
    is_deed = request.path.startswith("/api/") and request.method not in SAFE_METHODS
    if is_deed and isinstance(error, Error):
        return _answer(request, "audit_unavailable", "errors/503.html")
    if isinstance(error, InterfaceError | OperationalError):
        return _answer(request, "database_unavailable", "errors/503.html")
    return _answer(request, "internal_error", "500.html")


def _answer(request: HttpRequest, code: str, template: str) -> HttpResponse:
    entry = CATALOGUE[code]
    if request.path.startswith("/api/"):
        return problem(request, code=code, status=entry.status, detail=entry.sentence)
    # without the request, no context processor looks for a session or a person
    text = render_to_string(template, {"detail": entry.sentence})
    headers = {"Retry-After": str(entry.retry_after)} if entry.retry_after else {}
    return HttpResponse(text, status=entry.status, headers=headers)
