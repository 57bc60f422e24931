"""/healthz…"""

from collections.abc import Callable
from typing import cast

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext, override_settings

from signupassist.middleware import HeadMiddleware

pytestmark = pytest.mark.once


def test_answers_anybody_without_asking_the_database(client: Client, db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert len(queries) == 0
    assert not answer.cookies


@pytest.mark.parametrize("path", ["/healthz", "/nothing"])
def test_answers_head_with_what_get_would_get_but_for_the_body(
    client: Client, db: None, path: str
) -> None:
    told: dict[str, str] = {}

    def hear(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], None]:
        told.update(headers, status=status)
        return lambda _: None

    answer = WSGIHandler()(RequestFactory().head(path).environ, hear)
    got = client.get(path)

    assert b"".join(answer) == b""
    assert int(told["status"].split()[0]) == got.status_code
    assert told["Content-Length"] == str(len(got.content))
    assert told["Content-Type"] == got["Content-Type"]


def test_makes_no_page_for_head_that_is_made_while_it_is_sent() -> None:
    page = iter(["first row", "second row"])
    response = HeadMiddleware(lambda _: StreamingHttpResponse(page))(RequestFactory().head("/all"))
    assert list(cast("StreamingHttpResponse", response)) == []
    assert next(page) == "first row"


def test_takes_nothing_else(client: Client) -> None:
    assert client.post("/healthz").status_code == 405


@override_settings(SECURE_SSL_REDIRECT=True)
def test_answers_plain_http_where_pages_are_sent_to_https(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_answers_probes_that_know_only_the_address(client: Client, db: None, path: str) -> None:
    assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
