"""/mandates-audit, asked for something…"""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from audit import finding
from audit.actions import Action
from tests.audit.conftest import MakeRow


@pytest.fixture
def browser(parent: User, client: Client) -> Client:
    """Return a client that is logged in as the parent."""
    client.force_login(parent)
    return client


def _html(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def _actions(html: str) -> list[str]:
    return re.findall(r"<code>(\w+)</code>\s+<span>", html)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("kind=logins", ["credentials_accessed"]),
        ("kind=signups&provider=skiclubpro", ["action_reset"]),
        ("provider=swimdesk", ["credentials_accessed"]),
        ("since=2026-07-14", ["user_logged_in", "credentials_accessed"]),
        ("until=2026-07-13", ["action_reset"]),
        ("since=2026-07-14&until=2026-07-14", ["user_logged_in", "credentials_accessed"]),
        # the evening in Wisconsin at which the login was opened, by its own days
        ("until=2026-07-13&zone=America/Chicago", ["credentials_accessed", "action_reset"]),
        ("kind=registrations", []),
        ("provider=unheard-of", []),
    ],
)
def test_shows_what_was_asked_for(
    make_row: MakeRow, parent: User, noon: datetime, browser: Client, asked: str, shown: list[str]
) -> None:
    make_row(parent.pk, at=noon - timedelta(days=1), action=Action.ACTION_RESET)
    make_row(
        parent.pk,
        at=noon - timedelta(hours=11),
        action=Action.CREDENTIALS_ACCESSED,
        provider="swimdesk",
        org_ref=None,
    )
    make_row(parent.pk, action=Action.USER_LOGGED_IN, provider=None, org_ref=None)

    html = _html(browser.get(f"/mandates-audit?{asked}"))

    assert _actions(html) == shown
    assert ("Nothing like this has been recorded." in html) == (not shown)


def test_shows_one_signup_alone(make_row: MakeRow, parent: User, browser: Client) -> None:
    session_id = uuid4()
    make_row(parent.pk, session_id=session_id, action=Action.SESSION_CREATED)
    make_row(parent.pk, session_id=uuid4())

    html = _html(browser.get(f"/mandates-audit?session_id={session_id}"))

    assert _actions(html) == ["session_created"]
    assert "Only one signup is shown." in html


@pytest.mark.parametrize(
    "asked",
    [
        "kind=nonsense",
        "since=yesterday",
        "until=0001-01-01&zone=Asia/Tokyo",
        "since=9999-12-31&until=9999-12-31",
        "zone=../../etc/passwd",
        "zone=America",
        "session_id=1",
        "provider=" + "x" * 200,
    ],
)
def test_asks_for_nothing_by_what_it_does_not_understand(
    make_row: MakeRow, parent: User, browser: Client, asked: str
) -> None:
    make_row(parent.pk)

    assert _actions(_html(browser.get(f"/mandates-audit?{asked}"))) == ["action_select_provider"]


def test_offers_the_providers_that_the_trail_tells_of(
    make_row: MakeRow, parent: User, stranger: User, browser: Client
) -> None:
    make_row(parent.pk, provider="skiclubpro")
    make_row(parent.pk, provider="swimdesk")
    make_row(stranger.pk, provider="campbright")

    html = _html(browser.get("/mandates-audit?provider=swimdesk"))

    assert '<option value="skiclubpro">Skiclubpro</option>' in html
    assert '<option value="swimdesk" selected>Swimdesk</option>' in html
    assert "campbright" not in html


def test_keeps_what_was_asked_for_on_the_way_to_the_older_ones(
    make_row: MakeRow, parent: User, noon: datetime, browser: Client
) -> None:
    for number in range(52):
        make_row(parent.pk, action=Action.MESSAGE_SENT, at=noon + timedelta(seconds=2 * number))
        make_row(parent.pk, at=noon + timedelta(seconds=2 * number + 1), provider="swimdesk")

    newest = _html(browser.get("/mandates-audit?kind=signups&provider=swimdesk"))
    [older] = re.findall(r'href="([^"]+)">Older</a>', newest)
    last = _html(browser.get(unescape(older)))

    assert _actions(last) == ["action_select_provider"] * 2
    [back] = re.findall(r'href="([^"]+)">Newest</a>', last)
    assert unescape(back) == "/mandates-audit?kind=signups&provider=swimdesk"


def test_looks_through_so_many_rows_and_goes_on_from_there(
    make_row: MakeRow,
    parent: User,
    noon: datetime,
    browser: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Any,
) -> None:
    monkeypatch.setattr(finding, "MOST_READ", 5)
    make_row(parent.pk, at=noon - timedelta(hours=1), action=Action.CREDENTIALS_ACCESSED)
    for minute in range(7):
        make_row(parent.pk, at=noon + timedelta(minutes=minute))

    with django_assert_max_num_queries(5):  # the login, its person, how far, the rows, providers
        first = _html(browser.get("/mandates-audit?kind=logins"))
    assert "Nothing like this was found so far." in first
    assert "14 Jul 2026, 12:02 UTC</time>. There is more before that." in first
    [further] = re.findall(r'href="([^"]+)">Look further back</a>', first)
    assert _actions(_html(browser.get(unescape(further)))) == ["credentials_accessed"]


def test_shows_nobody_elses_signup(make_row: MakeRow, stranger: User, browser: Client) -> None:
    session_id = uuid4()
    make_row(stranger.pk, session_id=session_id)

    assert _actions(_html(browser.get(f"/mandates-audit?session_id={session_id}"))) == []
