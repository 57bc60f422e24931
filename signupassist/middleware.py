"""What every answer carries: a request id and a content security policy."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit.context import serving
from signupassist import health

GetResponse = Callable[[HttpRequest], HttpResponse]

PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

PROBES = {"/healthz": health.healthz, "/readyz": health.readyz}

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


class RequestIdMiddleware:
    """Name each request: a caller's own X-Request-ID where it is harmless, else a fresh one.

    A caller's trace (W3C `traceparent`) goes on through us to the provider's tools.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        request_id = offered if PLAIN_ID.fullmatch(offered) else uuid.uuid4().hex
        with serving(request_id, traceparent=request.headers.get("Traceparent", "")):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class ProbeMiddleware:
    """Answer probes at once: they come by address and plain HTTP, whatever names we are known by."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        return probe(request) if probe else self.get_response(request)


class ContentSecurityPolicyMiddleware:
    """Let pages load nothing but our own files: no inline script or style, no other host."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
