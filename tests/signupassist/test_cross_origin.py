"""A frontend on another origin…"""

import pytest
from django.test import Client
from pytest_django import Settings

pytestmark = [pytest.mark.once, pytest.mark.django_db]

THEIRS = "https://app.example.org"


def preflight(client: Client, path: str) -> dict[str, str]:
    asked = {
        "origin": THEIRS,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type, if-match",
    }
    return {name.lower(): value for name, value in client.options(path, headers=asked).items()}


def test_may_say_which_version_it_has_seen(settings: Settings, client: Client) -> None:
    settings.CORS_ALLOWED_ORIGINS = [THEIRS]
    allowed = preflight(client, "/api/v1/sessions")
    assert allowed["access-control-allow-origin"] == THEIRS
    names = {name.strip() for name in allowed["access-control-allow-headers"].split(",")}
    assert names >= {"authorization", "content-type", "if-match", "idempotency-key"}
    assert "access-control-allow-credentials" not in allowed


def test_may_read_what_the_headers_say(settings: Settings, client: Client) -> None:
    settings.CORS_ALLOWED_ORIGINS = [THEIRS]
    answer = client.get("/api/v1/sessions", headers={"origin": THEIRS})
    names = {name.strip() for name in answer["access-control-expose-headers"].split(",")}
    assert names >= {"ETag", "Idempotency-Replayed", "Location", "Retry-After", "X-SCP-Source"}


@pytest.mark.parametrize("path", ["/api/v1/sessions", "/auth"])
def test_gets_nothing_unless_it_was_named(client: Client, path: str) -> None:
    assert "access-control-allow-origin" not in preflight(client, path)


def test_gets_nothing_but_the_api(settings: Settings, client: Client) -> None:
    settings.CORS_ALLOWED_ORIGINS = [THEIRS]
    assert "access-control-allow-origin" not in preflight(client, "/auth")
