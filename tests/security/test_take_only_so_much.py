"""How much a request may bring…"""

import io
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from tests.security.family import logged_in

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/sessions", "application/json"),
        ("/api/v1/sessions", "multipart/form-data; boundary=b"),
        ("/auth", "multipart/form-data; boundary=b"),
        ("/auth", "application/x-www-form-urlencoded"),
    ],
)
def test_is_told_by_the_length_alone(db: None, path: str, kind: str) -> None:
    class Untouched(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError("somebody reads it")

    sent: dict[str, Any] = {
        "wsgi.input": Untouched(),
        "CONTENT_LENGTH": str(256 * 1024 + 1),
        "CONTENT_TYPE": kind,
    }
    answer = Client().generic("POST", path, **sent)

    assert answer.status_code == 413
    assert b"That is too much at once. Please send less." in answer.content


def test_has_a_limit_that_is_kept_to_the_byte(client_of: Any, parent: User) -> None:
    text = '{"message": "%s"}' % ("x" * (256 * 1024 - 15))
    browser = client_of(parent)
    path = f"/api/v1/sessions/{uuid4()}/messages"

    assert len(text) == 256 * 1024
    assert browser.post(path, text, content_type="application/json").status_code == 400
    assert browser.post(path, text + " ", content_type="application/json").status_code == 413


@pytest.mark.parametrize("path", ["/api/v1/sessions", "/auth"])
def test_holds_for_the_fields_of_a_query(parent: User, path: str) -> None:
    answer = logged_in(parent).get(f"{path}?{'&'.join(['a'] * 1_100)}")

    assert answer.status_code == 400


def test_is_no_crash_of_ours_if_the_sender_is_gone_halfway(parent: User) -> None:
    class Gone(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise OSError("connection reset")

    gone: dict[str, Any] = {
        "wsgi.input": Gone(),
        "CONTENT_LENGTH": "20",
        "CONTENT_TYPE": "application/json",
    }
    answer = logged_in(parent).generic("POST", "/api/v1/sessions", **gone)

    assert answer.status_code == 400
