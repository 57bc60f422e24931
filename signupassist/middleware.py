"""The outer wall: what every request is checked for, and what every answer carries."""

import ipaddress
import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed, TooManyFieldsSent
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.settings import api_settings

from audit import acting, opened, redaction
from audit.context import REQUEST_ID, dealing_with, serving
from signupassist import health, pages
from signupassist.metrics.door import metrics

GetResponse = Callable[[HttpRequest], HttpResponse]

PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

PROBES = {"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": metrics}

SESSION_KEY = re.compile(r"[a-z0-9]{8,64}")
BOUNDARY = re.compile(r"[ -~]{0,69}[!-~]")
NO_SESSION = "0" * 32  # a key like any other, and nobody's: that session has ended

# Our own files and nothing else: no inline script or style, no other host, no frame around us.
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
UNUSED = "camera display-capture gyroscope magnetometer microphone midi payment usb"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # where a parent is helps to find a club, if they press for it
    "Permissions-Policy": ", ".join(
        ["geolocation=(self)", *(f"{name}=()" for name in UNUSED.split())]
    ),
    "Cache-Control": "no-store",  # nearly all that we answer is about somebody
}


class RequestIdMiddleware:
    """Name each request: a caller's own X-Request-ID where it is harmless, else a fresh one.

    Secrets that are opened or typed while it is served are forgotten with it, and until somebody is
    recognised the database is asked for nobody. So is the language that a reader before was spoken
    to in: threads are used again.
    A caller's trace (W3C `traceparent`) goes on through us to the provider's tools.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        is_fine = PLAIN_ID.fullmatch(offered) and not redaction.is_personal(offered)
        request_id = offered if is_fine else uuid.uuid4().hex
        request.META[REQUEST_ID] = request_id
        traceparent = request.headers.get("Traceparent", "")
        with (
            translation.override(settings.LANGUAGE_CODE),
            serving(request_id, traceparent=traceparent),
            opened.forgetting(),
            acting.as_web(request),
        ):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: object, named: dict[str, object]
    ) -> None:
        """Say which signup it is about, where the path names one: log lines tell."""
        if isinstance(session_id := named.get("session_id"), uuid.UUID):
            dealing_with(session_id)


class ProbeMiddleware:
    """Answer probes at once: they come by address and plain HTTP, whatever names we are known by."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        return probe(request) if probe else self.get_response(request)


class NotFoundMiddleware:
    """Show in development, too, the page that parents and staff get where nothing is.

    Django answers with one of its own then. It is told by its style, which stands inside: no page of
    ours has that, for the policy forbids it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.DEBUG:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 404 or response.streaming or b"<style>" not in response.content:
            return response
        return pages.handler404(request, Http404())


class HeadMiddleware:
    """Answer HEAD with what GET would get but for the body (RFC 9110, section 9.3.2).

    gunicorn sends none either, but writes a warning for each that it has to throw away.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "HEAD":
            _take_body_away(response)
        return response


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


class HeadersMiddleware:
    """Let browsers do with our answers what they are meant for and nothing else.

    Whoever answers knows better: files say how long they may be kept.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class ClientAddressMiddleware:
    """Make REMOTE_ADDR the address that the last of our own proxies saw.

    Whatever a client claims is forgotten, so that nothing further in can go by it. A request that
    came past the proxies counts as the one it came from.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seen = request.META.pop("HTTP_X_FORWARDED_FOR", "").split(",")
        proxies = api_settings.NUM_PROXIES or 0
        if 0 < proxies <= len(seen) and (address := _address(seen[-proxies])):
            request.META["REMOTE_ADDR"] = address
        request.META.setdefault("REMOTE_ADDR", "")  # a server need not tell (PEP 3333)
        return self.get_response(request)


class PlausibleRequestMiddleware:
    """Refuse what no client of ours sends, and what would only break further in.

    Nothing of a body is read that says it is too long, files included: there is no upload. Nothing
    is raised, which would write a stack to the log for whoever cares to send nonsense.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return pages.too_long(request)
        if not (_has_readable_address(request) and _has_boundary(request)):
            return pages.not_understood(request)
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if key and not SESSION_KEY.fullmatch(key):  # quoted, a cookie can hold anything
            request.COOKIES[settings.SESSION_COOKIE_NAME] = NO_SESSION
        return self.get_response(request)


def _take_body_away(response: HttpResponseBase) -> None:
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()
    elif isinstance(response, HttpResponse) and response.content:
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""


def _has_readable_address(request: HttpRequest) -> bool:
    """Return whether the path and the query hold no NUL, and not too many fields."""
    query = request.META.get("QUERY_STRING", "")
    if "\0" in request.path_info or "\0" in query or "%00" in query:  # PostgreSQL knows no NUL
        return False
    try:
        request.GET  # noqa: B018  it is parsed when it is asked for first
    except TooManyFieldsSent:
        return False
    return True


def _has_boundary(request: HttpRequest) -> bool:
    """Return whether a form in parts says what stands between them (RFC 2046, section 5.1.1)."""
    if request.content_type != "multipart/form-data":
        return True
    return bool(BOUNDARY.fullmatch((request.content_params or {}).get("boundary", "")))


def _address(claimed: str) -> str | None:
    """Return an IP address as such, or None where a proxy left something else."""
    try:
        return str(ipaddress.ip_address(claimed.strip()))
    except ValueError:
        return None


def _length(request: HttpRequest) -> int:
    """Return how long the body is; one whose length cannot be read is never read itself."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
