"""What every answer carries, whoever gives it…"""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from accounts.models import User
from signupassist import pages
from signupassist.middleware import HEADERS, POLICY
from signupassist.urls import urlpatterns as of_the_product
from tests.security.family import Family, logged_in
from tests.security.routes import routes

pytestmark = pytest.mark.once

ORIGIN = "https://app.example.org"


def crash(request: HttpRequest) -> HttpResponse:
    """Break."""
    raise RuntimeError("on purpose")


urlpatterns = [path("crash", crash), path("api/v1/crash", crash), *of_the_product]
handler400, handler403 = pages.handler400, pages.handler403
handler404, handler500, handler429 = pages.handler404, pages.handler500, pages.handler429

Ask = Callable[[Client], Any]

ANSWERS: dict[str, tuple[int, Ask]] = {
    "a page": (200, lambda it: it.get("/")),
    "a page of the admin": (200, lambda it: it.get("/admin/")),
    "the API": (200, lambda it: it.get("/api/v1/me")),
    "the docs": (200, lambda it: it.get("/api/docs")),
    "the schema": (200, lambda it: it.get("/api/schema")),
    "a probe": (200, lambda it: it.get("/healthz")),
    "another probe": (200, lambda it: it.get("/readyz")),
    "a file": (200, lambda it: it.get("/static/css/site.css")),
    "no such file": (404, lambda it: it.get("/static/nothing.css")),
    "no such page": (404, lambda it: it.get("/nothing")),
    "nothing in the API": (404, lambda it: it.get("/api/nothing")),
    "a redirect to the log-in": (302, lambda _: Client().get("/")),
    "a redirect of the admin": (302, lambda _: Client().get("/admin/")),
    "nobody in the API": (401, lambda _: Client().get("/api/v1/me")),
    "a form without its token": (403, lambda _: Client(enforce_csrf_checks=True).post("/auth")),
    "a method that is not taken": (405, lambda it: it.put("/mandates-audit")),
    "too much": (413, lambda it: it.post("/auth", {"login": "x" * 300_000})),
    "too much for the API": (
        413,
        lambda it: it.post("/api/v1/sessions", "x" * 300_000, content_type="application/json"),
    ),
    "another host": (400, lambda it: it.get("/auth", headers={"host": "evil.example"})),
    "a question from another origin": (
        200,
        lambda it: it.options(
            "/api/v1/me", headers={"origin": ORIGIN, "access-control-request-method": "GET"}
        ),
    ),
    "a crash": (500, lambda it: it.get("/crash")),
    "a crash of the API": (500, lambda it: it.get("/api/v1/crash")),
}


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("kind", ANSWERS)
def test_is_all_of_it_on_any_answer(staff: User, settings: Settings, kind: str) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    status, question = ANSWERS[kind]

    answer = question(logged_in(staff))

    if answer.streaming:
        answer.getvalue()  # read to its end, a file is closed
    assert answer.status_code == status
    said = {name: answer.headers.get(name) for name in HEADERS}
    kept = said.pop("Cache-Control") or ""
    assert said == {name: value for name, value in HEADERS.items() if name in said}
    assert ("no-store" in kept) is (kind != "a file")
    assert answer.headers["X-Request-ID"]
    assert "Server" not in answer.headers


def test_is_a_policy_without_holes() -> None:
    for hole in ("unsafe", "*", "http", "blob:", "nonce", "strict-dynamic"):
        assert hole not in POLICY
    said = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert said["default-src"] == said["frame-ancestors"] == said["base-uri"] == "'none'"
    assert said["form-action"] == said["script-src"] == said["style-src"] == "'self'"
    assert "data:" not in said["script-src"]


def test_is_a_promise_to_stay_with_https(client: Client, db: None) -> None:
    answer = client.get("/auth", secure=True)

    said = answer.headers["Strict-Transport-Security"]
    assert int(re.findall(r"max-age=(\d+)", said)[0]) >= 365 * 24 * 3600
    assert "includeSubDomains" in said
    assert (
        "Strict-Transport-Security" not in client.get("/auth").headers
    )  # plain HTTP proves nothing


def test_is_kept_where_nothing_is_while_developing(staff: User, settings: Settings) -> None:
    settings.DEBUG = True
    office = logged_in(staff)

    for place in ("/admin/nothing/", f"/admin/audit/mandateaudit/timeline/{uuid4()}/", "/nothing"):
        answer = office.get(place)
        assert answer.status_code == 404
        assert "<h1>Page not found</h1>" in (text := answer.content.decode())
        assert "<style" not in text


def test_is_never_needed_for_inline_code(family: Family, staff: User) -> None:
    own, office = logged_in(family.parent), logged_in(staff)
    seen = 0
    for route in routes():
        if "logout" in route.pattern:
            continue
        browser = office if route.is_admin else own
        answer = browser.generic("GET", *route.request("GET", family.ids))
        if answer.streaming or "html" not in answer.headers.get("Content-Type", ""):
            continue
        seen += 1
        text = answer.content.decode()
        for tag in re.findall(r"<script\b[^>]*>", text):
            assert " src=" in tag or "application/json" in tag, f"{route.pattern}: {tag}"
        found = re.findall(r"<style\b|<[^>]+\sstyle=|<[^>]+\son[a-z]+=|javascript:", text)
        assert found == [], route.pattern
    assert seen > 25
