"""A request that rides on somebody's cookie…"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.security.family import PASSWORD, Family, logged_in, text_of
from tests.security.routes import Route, routes
from tests.suite import environment

pytestmark = pytest.mark.once

EVIL = "https://evil.example"
TOKEN = "t" * 32
CHANGES = ("POST", "PUT", "PATCH", "DELETE")
WITHOUT_COOKIES = {  # they look at none
    "/api/v1/auth/token",
    "/api/v1/auth/logout",
    "/api/v1/audit/checkpoint",
    "/api/schema",
    "/api/docs",
    "/api/nowhere",
}


def checked(user: User | None = None, *, token: str = "") -> Client:
    """Return a browser whose requests are checked as everybody's are, with this CSRF cookie."""
    browser = logged_in(user) if user else Client()
    browser.handler.enforce_csrf_checks = True
    if token:
        browser.cookies["csrftoken"] = token
    return browser


def doors() -> list[Route]:
    return [route for route in routes() if route.pattern not in WITHOUT_COOKIES]


CASES = {
    "no token": {},
    "another token": {"x-csrftoken": "u" * 32},
    "a token, from elsewhere": {"x-csrftoken": TOKEN, "origin": EVIL},
}


@pytest.mark.parametrize("case", CASES)
def test_changes_nothing_without_the_token_of_our_own_page(family: Family, case: str) -> None:
    browser = checked(family.parent, token=TOKEN)
    before = family.belongings()
    headers = CASES[case]
    for route in doors():
        if route.is_admin and case != "no token":
            continue
        for method in ("POST",) if route.is_admin else CHANGES:
            answer = browser.generic(method, *route.request(method, family.ids), headers=headers)
            assert answer.status_code == 403, f"{method} {route.pattern}"
            if route.is_api:
                assert answer.json()["code"] == "csrf_failed", route.pattern
    assert family.belongings() == before


@pytest.mark.parametrize("path", ["/auth", "/auth/signup", "/auth/reset", "/admin/login/"])
def test_logs_nobody_in_unasked(family: Family, path: str) -> None:
    form = {"login": family.parent.email, "password": PASSWORD, "email": "new@example.com"}
    for browser, headers in [
        (checked(), {}),
        (checked(token=TOKEN), {}),
        (checked(token=TOKEN), {"x-csrftoken": TOKEN, "origin": EVIL}),
        (checked(token=TOKEN), {"x-csrftoken": TOKEN, "origin": "null"}),
    ]:
        answer = browser.post(path, form, headers=headers)
        assert answer.status_code == 403
        assert "sessionid" not in browser.cookies
    assert User.objects.count() == 1


def test_over_https_needs_to_say_where_it_comes_from(parent: User) -> None:
    """Without an Origin the Referer tells; without either, nobody is believed."""
    browser = checked(parent, token=TOKEN)
    for referer, status in [(None, 403), (f"{EVIL}/", 403), ("https://testserver/", 201)]:
        headers = {"x-csrftoken": TOKEN} | ({"referer": referer} if referer else {})
        answer = browser.post(
            "/api/v1/sessions", "{}", "application/json", secure=True, headers=headers
        )
        assert answer.status_code == status, referer


def test_is_not_looked_at_beside_a_bearer_token(parent: User) -> None:
    browser = checked(parent, token=TOKEN)

    answer = browser.get("/api/v1/me", headers={"authorization": "Bearer of.bad.news"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.org.evil.example", "https://evil.example", "https://app.example.org:444",
        "http://app.example.org", "https://APP.example.org.", "https://x.app.example.org",
        "null", "", "*", "https://evil.example#https://app.example.org",
    ],
)  # fmt: skip
def test_is_shared_with_exactly_who_was_named(
    parent: User, settings: Settings, origin: str
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]
    browser = logged_in(parent)
    wish = {"origin": origin, "access-control-request-method": "POST"}
    for answer in [
        browser.get("/api/v1/me", headers={"origin": origin}),
        browser.options("/api/v1/me", headers=wish),
    ]:
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert "origin" in answer.headers["Vary"]


def test_never_comes_with_the_cookie_to_another_origin(parent: User, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]

    answer = logged_in(parent).get("/api/v1/me", headers={"origin": "https://app.example.org"})

    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert "Access-Control-Allow-Credentials" not in answer.headers


ELSEWHERE = [
    "https://evil.example", "//evil.example", "javascript:alert(1)//evil.example", "///evil.example",
    "////evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
    "/\r/evil.example", " //evil.example", "http:evil.example", "https:/evil.example",
    "data:text/html,evil.example", "//evil.example%2f@testserver/", "//testserver@evil.example/",
    "https://testserver.evil.example/", "/%09/evil.example", "//evil.example\\@testserver",
    "evil.example", "\x00//evil.example",
]  # fmt: skip
LEADS_ON = {
    "nobody": {"/auth", "/auth/signup"},
    "parent": {"/auth", "/auth/reauthenticate", "/admin/login/"},
}
LINK = re.compile(r"""(?:href|action|src|content)=["']([^"']*)["']""")


@pytest.mark.parametrize("who", LEADS_ON)
def test_leads_nowhere_else(family: Family, who: str) -> None:
    pages = [route for route in routes() if not route.is_api and not route.is_admin]
    pages += [Route("/admin/login/"), Route("/admin/logout/"), Route("/admin/")]
    form = {"login": family.parent.email, "password": PASSWORD}
    seen = 0
    for target in ELSEWHERE:
        browser = logged_in(family.parent) if who == "parent" else Client()
        for route in pages:
            if target not in ELSEWHERE[:2] and route.pattern not in LEADS_ON[who]:
                continue  # the others know no `next`; a look or two at each see to that
            path = route.path(family.ids)
            answers = [browser.get(path, {"next": target})]
            if path == "/auth/reauthenticate":
                answers.append(browser.post(path, form | {"next": target}))
            for answer in answers:
                _leads_nowhere_else(answer, f"{path} {target!r}")
            seen += len(answers)
        if who == "nobody":
            answer = Client().post("/auth", form | {"next": target})
            _leads_nowhere_else(answer, f"log-in {target!r}")
    assert seen > 50


def _leads_nowhere_else(answer: Any, what: str) -> None:
    to = answer.headers.get("Location", "/")
    assert to.startswith("/"), what
    assert not to.startswith(("//", "/\\", "/\t")), what
    for link in LINK.findall(text_of(answer)):
        is_ours = link.startswith(("/", "#", "data:image/", "otpauth:")) and link[:2] != "//"
        assert is_ours or "evil" not in link, f"{what}: {link}"


COOKIES = """
import django, json
django.setup()
from django.test import Client
browser = Client(headers={"host": "app.example.org"})
seen = []
for path in ("/", "/auth", "/auth"):
    answer = browser.get(path, secure=True)
    seen += [morsel.OutputString() for morsel in answer.cookies.values()]
print(json.dumps({"cookies": seen, "names": sorted(browser.cookies)}))
from django.conf import settings
print(json.dumps([settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE,
    settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE,
    settings.SESSION_COOKIE_PATH, settings.SESSION_COOKIE_DOMAIN]))
"""


def test_is_one_that_no_other_host_can_set_or_read(tmp_path: Path) -> None:
    """In production: `__Host-` cookies, which browsers take from us alone, and over HTTPS alone."""
    env = environment(tmp_path) | {
        "DJANGO_SETTINGS_MODULE": "tests.security.settings",
        "NUM_PROXIES": "",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    ran = subprocess.run(
        [sys.executable, "-c", COOKIES], env=env, capture_output=True, text=True, check=True
    )
    told, session = (json.loads(line) for line in ran.stdout.splitlines()[-2:])

    assert session == ["__Host-sessionid", True, True, "Lax", "/", None]
    assert told["names"] == ["__Host-csrftoken", "__Host-messages"]
    for cookie in told["cookies"]:
        parts = {part.strip().split("=")[0].lower(): part for part in cookie.split(";")}
        assert {"secure", "httponly"} <= set(parts) or "max-age" in parts, cookie
        assert parts["path"].strip() == "Path=/"
        assert parts["samesite"].strip() == "SameSite=Lax"
        assert "domain" not in parts
