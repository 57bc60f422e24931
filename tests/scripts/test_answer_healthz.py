"""/healthz…"""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

pytestmark = pytest.mark.once


def test_answers_anybody_without_asking_the_database(client: Client, db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert len(queries) == 0
    assert not answer.cookies


def test_answers_head_too(client: Client) -> None:
    assert client.head("/healthz").status_code == 200


def test_takes_nothing_else(client: Client) -> None:
    assert client.post("/healthz").status_code == 405


@override_settings(SECURE_SSL_REDIRECT=True)
def test_answers_plain_http_where_pages_are_sent_to_https(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_answers_probes_that_know_only_the_address(client: Client, db: None, path: str) -> None:
    assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
