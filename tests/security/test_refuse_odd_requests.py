"""Requests that no client of ours sends…"""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from sessions_store.models import AgenticCheckoutSession
from tests.orchestrator.chat import Chat
from tests.security.family import Family, logged_in, text_of

PATHS = {
    "nobody": ["/auth", "/api/v1/auth/token", "/static/css/site.css"],
    "staff": ["/admin/accounts/user/", "/api/v1/sessions", "/api/v1/audit"],
}
LONG = "x" * 3_000
VALUES = {
    "accept": ["a/b; a*=bogus'x'%41", "*/", "\xff", "a/b;q=x", ",,,"],
    "authorization": ["Bearer", "Bearer \xff", "Bearer " + "a" * 9_000, "Basic \xff", "Bearer a b"],
    "cookie": [
        'sessionid="a\\000bcdefgh"', f"sessionid={LONG}", 'messages="\\000"', 'csrftoken="\\000"',
        "sessionid=" + "\xff" * 9, "=;=;;;",
    ],
    "x-forwarded-for": ["\xff", LONG, ",,,", "1.2.3.4\t", "::ffff:169.254.169.254"],
    "if-match": ["9" * 4_000, "*", "\xb2"],
    "idempotency-key": ["x" * 256, "\xff", " "],
    "x-request-id": [LONG, "\xff", "a b"],
    "origin": ["null", "\xff", "http://", "http://["],
    "referer": ["http://[", "\xff"],
    "traceparent": ["\xff", "00-"],
    "range": ["bytes=-1", "bytes=9-1", "\xff", "bytes=99999999999999999999-"],
    "if-modified-since": ["x", "Thu, 01 Jan 99999 00:00:00 GMT"],
    "x-csrftoken": ["\xff", LONG],
    "content-type": [
        "application/json; x", "multipart/form-data", "multipart/form-data; boundary=\xff", "\xff/\xff",
        "application/x-www-form-urlencoded; charset=bogus",
    ],
    "content-length": ["x", "-1"],
}  # fmt: skip
QUERIES = [
    "&".join(["a"] * 1_100), "cursor=%00", f"cursor={LONG}", "next=%00", "format=x", "lang=../x",
    "version=%0d%0aX:y", "provider=%00", "since=0001-01-01T00:00:00%2B23:59", "session_id=%ff",
    "until=9999-12-31T23:59:59-23:59", "action=%ed%a0%80", "q=%00", "status=%00", "p=9" + "9" * 20,
    "o=x", "_popup=1", "_to_field=password", "cursor=" + "_" * 32, "cursor=" + "A" * 32, "%00=1",
    "cursor=_" + "w" * 31, "id=1&id=2", "password__startswith=a", "_=%c0%80",
]  # fmt: skip


def environ(name: str, value: str) -> dict[str, Any]:
    """Return a header as WSGI has it."""
    plain = name.upper().replace("-", "_")
    return {plain if name.startswith("content") else f"HTTP_{plain}": value}


@pytest.mark.parametrize("who", PATHS)
def test_are_answered_by_no_crash(
    fresh_limits: None, staff: User, settings: Settings, who: str
) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    browser = Client(raise_request_exception=False) if who == "nobody" else logged_in(staff)
    broken = []

    def note(answer: Any, what: str) -> None:
        if answer.streaming:
            answer.getvalue()
        is_problem = answer.headers.get("Content-Type", "") == "application/problem+json"
        is_answer = answer.status_code < 400 or is_problem or not what.startswith("/api/")
        if answer.status_code >= 500 or not is_answer:
            broken.append(f"{what}: {answer.status_code}")

    for path in PATHS[who]:
        for name, values in VALUES.items():
            for value in values:
                method = "POST" if name.startswith("content") else "GET"
                sent = {"content_type": "application/json", **environ(name, value)}
                sent["content_type"] = sent.pop("CONTENT_TYPE", sent["content_type"])
                note(browser.generic(method, path, b"{}", **sent), f"{path} {name} {value[:30]!r}")
    for path in ["/", "/api/schema", *PATHS[who]]:
        for query in QUERIES:
            note(browser.get(f"{path}?{query}"), f"{path} ?{query[:30]}")
    assert broken == []


@pytest.mark.parametrize("path", ["/api/v1/sessions", "/mandates-audit"])
def test_are_nobodys_with_a_cookie_that_is_none_of_ours(
    db: None, client: Client, path: str
) -> None:
    answer = client.get(path, headers={"cookie": 'sessionid="a\\000bcdefgh"'})

    assert answer.status_code == (401 if path.startswith("/api/") else 302)


@pytest.mark.once
@pytest.mark.parametrize("path", ["/auth?next=%00", "/api/v1/me?%00", "/\0", "/api/v1/\0"])
def test_hold_no_nul(client: Client, db: None, path: str) -> None:
    where, _, query = path.partition("?")

    answer = client.get("/", PATH_INFO=where, QUERY_STRING=query)

    assert answer.status_code == 400


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("Idempotency-Key", "x" * 256, "Idempotency-Key"),
        ("Idempotency-Key", "", "Idempotency-Key"),
        ("If-Match", "9" * 10, "If-Match"),
        ("If-Match", '"-1"', "If-Match"),
    ],
)
def test_are_told_which_header_is_wrong(parent: User, name: str, value: str, field: str) -> None:
    chat = Chat(parent)
    chat.begin()

    chat.say("Blackhawk Ski Club", **{name: value})

    assert chat.status == 400
    assert list(chat.last["errors"]) == [field]


@pytest.mark.once
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sessions?cursor=" + "x" * 33, "cursor"),
        ("submissions?cursor=%C3%A9", "cursor"),
        ("credentials?cursor=1", "cursor"),
        ("audit?cursor=" + "x" * 500, "cursor"),
        ("audit?provider=" + "x" * 129, "provider"),
        ("audit?session_id=1", "session_id"),
        ("audit?since=yesterday", "since"),
        ("audit?action=" + "x" * 1_000, "action"),
        ("audit?who=me", "who"),
    ],
)
def test_are_told_which_parameter_is_wrong(
    client_of: Callable[[User], Client], parent: User, query: str, field: str
) -> None:
    answer = client_of(parent).get(f"/api/v1/{query}")

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.once
@pytest.mark.parametrize(
    "offered", ["x" * 65, "a b c d e f", "short", "a\xffb\xffc\xffd\xff", "<script>"]
)
def test_get_a_name_of_ours_where_theirs_is_odd(client: Client, db: None, offered: str) -> None:
    answer = client.get("/healthz", headers={"x-request-id": offered})

    assert answer.headers["X-Request-ID"] != offered
    assert len(answer.headers["X-Request-ID"]) == 32


ODD_PATHS = [
    "//evil.example", "///evil.example/auth", "/\\evil.example", "/.//evil.example", "/;/auth",
    "/auth/", "/auth;x=1", "/auth..;/admin/", "/..;/admin/", "/static/..;/settings.py",
    "/static/../signupassist/settings.py", "/static/%2e%2e/signupassist/settings.py",
    "/static/..%2fsignupassist/settings.py", "/static//etc/passwd", "/static/%00", "/%00",
    "/api//v1/me", "/api/v1/me/", "/api/v1/sessions/..%2f..%2fme", "/api/v1/%2e%2e/me",
    "/API/v1/me", "/admin/%2e%2e/api", "/%ff", "/%c0%ae%c0%ae/", "/.env", "/.git/config",
    "/var/db.sqlite3", "/static/.env", "/server-status", "/debug", "/__debug__/",
    "/api/v1/sessions/" + "x" * 4_000, "/api/v1/sessions/%00", "/" + "a/" * 500,
]  # fmt: skip


def test_find_nothing_by_odd_paths(staff: User) -> None:
    browser = logged_in(staff)
    for path in ODD_PATHS:
        raw = unquote_to_bytes(path).decode("latin-1")  # as WSGI has it

        answer = browser.get("/", PATH_INFO=raw)

        assert answer.status_code in {400, 404}, path
        assert "Location" not in answer.headers, path


@pytest.mark.once
def test_cannot_be_a_deletion_in_disguise(family: Family) -> None:
    browser, session_id = logged_in(family.parent), family.ids["session_id"]
    for header in ("x-http-method-override", "x-method-override", "x-http-method"):
        for method in ("GET", "POST"):
            path = f"/api/v1/sessions/{session_id}?_method=DELETE"
            browser.generic(method, path, headers={header: "DELETE"})

    assert AgenticCheckoutSession.objects.filter(pk=session_id).exists()


OTHER_HOSTS = [
    "evil.example", "testserver@evil.example", "testserver:80@evil.example", "testserver.evil.example",
    "eviltestserver", "testserver, evil.example", "",
]  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("path", ["/", "/auth", "/auth/reset", "/api/v1/me", "/admin/"])
def test_get_no_answer_for_another_host(db: None, client: Client, path: str) -> None:
    for host in OTHER_HOSTS:
        answer = client.get(path, headers={"host": host})

        assert answer.status_code == 400, host
        assert "evil" not in text_of(answer), host


@pytest.mark.once
@pytest.mark.parametrize(
    "header", ["x-forwarded-host", "x-forwarded-server", "x-host", "forwarded", "x-original-url"]
)
def test_cannot_choose_the_host_that_we_lead_to(db: None, client: Client, header: str) -> None:
    for path in ("/", "/auth", "/admin/"):
        answer = client.get(path, headers={header: "evil.example"})
        assert answer.status_code < 400
        assert "evil" not in text_of(answer)


@pytest.mark.once
def test_leave_no_stack_in_the_log_for_a_form_without_a_boundary(
    db: None, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.generic("POST", "/auth", b"x", content_type="multipart/form-data")

    assert answer.status_code == 400
    assert [record for record in caplog.records if record.exc_info] == []
