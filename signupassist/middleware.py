"""What every answer carries: a request id and a content security policy."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit import opened, redaction
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

    Secrets that are opened or typed while it is served are forgotten with it.
    A caller's trace (W3C `traceparent`) goes on through us to the provider's tools.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        request_id = offered if PLAIN_ID.fullmatch(offered) else uuid.uuid4().hex
        traceparent = request.headers.get("Traceparent", "")
        with serving(request_id, traceparent=traceparent), opened.forgetting():
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


class TypedSecretsMiddleware:
    """Keep what people type into forms out of the log; the API's parser does so for JSON.

    Comes behind the CSRF check, which reads forms as well.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> None:
        if request.method == "POST" and not request.path.startswith("/api/"):
            opened.remember_typed(*redaction.secrets_in(request.POST.dict()))


class ContentSecurityPolicyMiddleware:
    """Let pages load nothing but our own files: no inline script or style, no other host."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
