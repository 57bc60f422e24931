"""Serving the words of our scripts…"""

import pytest
from django.test import Client

from signupassist.middleware import POLICY

pytestmark = pytest.mark.once


def test_needs_no_log_in_and_no_database(client: Client) -> None:
    answer = client.get("/words.js")

    assert (answer.status_code, answer["Content-Type"]) == (200, 'text/javascript; charset="utf-8"')
    assert answer["Content-Security-Policy"] == POLICY
    assert "gettext" in answer.content.decode()


def test_may_be_kept_for_a_while_for_each_language_and_asked_for_again(client: Client) -> None:
    first = client.get("/words.js")
    again = client.get("/words.js", headers={"if-none-match": first["ETag"]})

    assert first["Cache-Control"] == "public, max-age=600"
    assert first["Vary"] == "Accept-Language"
    assert (again.status_code, again.content) == (304, b"")
