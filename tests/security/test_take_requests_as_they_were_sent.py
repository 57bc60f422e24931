"""What web servers and proxies make of a request…"""

import io
from types import MappingProxyType
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from signupassist.middleware import ClientAddressMiddleware
from signupassist.wsgi import Handler, Request, application

pytestmark = pytest.mark.once

GIVEN = MappingProxyType(
    {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/auth",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(b""),
    }
)


@pytest.mark.parametrize("kind", ["a/b; c*=bogus'x'%41", "a/b; charset=\0", "a; b*=undefined''%41"])
def test_is_no_crash_where_the_content_type_cannot_be_read(kind: str) -> None:
    assert Request({**GIVEN, "CONTENT_TYPE": kind}).content_type == ""


@pytest.mark.parametrize("query", ["", "x=1", "next=%ff"])
@pytest.mark.parametrize(
    "charset", ["hex", "zlib", "rot13", "undefined", "idna", "utf-7", "latin-1"]
)
def test_is_read_in_no_other_encoding(charset: str, query: str) -> None:
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    request = Request({**GIVEN, "QUERY_STRING": query, "CONTENT_TYPE": kind})
    usual = Request({**GIVEN, "CONTENT_TYPE": "text/plain; charset=UTF-8"})

    assert (request.content_type, request.encoding) == ("", None)
    assert len(request.GET) == bool(query)
    assert not request.POST
    assert usual.content_type == "text/plain"


@pytest.mark.parametrize("prefix", ["/x", "//evil.example", "/admin"])
def test_begins_no_path_but_at_the_root(prefix: str) -> None:
    """Else a header would carry a request past what a proxy or we say about its path."""
    request = Request({**GIVEN, "SCRIPT_NAME": prefix})

    assert request.path == request.path_info == f"{prefix}/auth"


def test_is_what_the_product_serves() -> None:
    assert isinstance(application, Handler)
    assert application.request_class is Request


@pytest.mark.parametrize(
    ("proxies", "claimed", "address"),
    [
        (0, "203.0.113.7", "10.0.0.9"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "1.1.1.1, 203.0.113.7", "203.0.113.7"),
        (2, "1.1.1.1, 203.0.113.7, 10.0.0.8", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.9"),  # it came past the first proxy
        (1, "", "10.0.0.9"),
        (1, "x" * 3_000, "10.0.0.9"),
        (1, "203.0.113.7, ' OR 1=1", "10.0.0.9"),
        (1, " 2001:DB8::1 ", "2001:db8::1"),
    ],
)
def test_comes_from_whom_our_own_proxies_saw(
    rf: RequestFactory, settings: Settings, proxies: int, claimed: str, address: str
) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    request = rf.get("/", REMOTE_ADDR="10.0.0.9", headers={"x-forwarded-for": claimed})

    assert seen_of(request) == (address, None)


def test_comes_from_somewhere_even_if_the_server_does_not_say(rf: RequestFactory) -> None:
    request = rf.get("/")
    del request.META["REMOTE_ADDR"]

    assert seen_of(request) == ("", None)


def seen_of(request: HttpRequest) -> tuple[Any, Any]:
    """Return the address that the views see, and the claims that are left."""
    seen: list[Any] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.extend(request.META.get(name) for name in ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR"))
        return HttpResponse()

    ClientAddressMiddleware(view)(request)
    return seen[0], seen[1]
