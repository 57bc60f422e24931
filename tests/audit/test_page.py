"""/mandates-audit…"""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from audit.actions import SYSTEM, Action
from audit.actions import staff as as_staff
from tests.audit.attacking import put_in
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


def _headings(html: str) -> list[str]:
    return [unescape(text) for text in re.findall(r"<h2>(.*?)</h2>", html)]


@pytest.mark.django_db
def test_needs_a_login(client: Client) -> None:
    answer = client.get("/mandates-audit")

    assert answer.status_code == 302
    assert answer["Location"] == "/auth?next=/mandates-audit"


def test_tells_what_was_done_when_where_and_by_whom(
    make_row: MakeRow, parent: User, browser: Client
) -> None:
    make_row(parent.pk, program_ref="juniors-2026", metadata={"step": "login"})

    html = _html(browser.get("/mandates-audit"))

    assert "You chose a provider." in html
    assert _actions(html) == ["action_select_provider"]
    assert '<time datetime="2026-07-14T12:00:00.000000Z">14 Jul 2026, 12:00:00 UTC</time>' in html
    more = re.search(r'class="event-more">(.*?)</p>', html, re.DOTALL)
    assert more is not None
    assert re.findall(r"<span>(.*?)</span>", more.group()) == [
        "You",
        "Juniors 2026",
        "Blackhawk Ski",
        "Skiclubpro",
    ]
    assert "<dt>Step</dt><dd>login</dd>" in html
    assert "<dt>Exact time</dt><dd>2026-07-14 12:00:00.000000 UTC</dd>" in html


def test_names_the_system_and_staff_without_saying_who(
    make_row: MakeRow, parent: User, staff: User, browser: Client
) -> None:
    make_row(parent.pk, action=Action.SESSION_ENDED_BY_STAFF, actor=as_staff(staff.pk))
    make_row(parent.pk, action=Action.REGISTRATION_RESOLVED, actor=SYSTEM)

    html = _html(browser.get("/mandates-audit"))

    assert "<span>Our staff</span>" in html
    assert "<span>SignupAssist</span>" in html
    assert str(staff.pk) not in html


def test_puts_the_events_of_a_signup_under_one_heading(
    make_row: MakeRow, parent: User, noon: datetime, browser: Client
) -> None:
    ski, swim = uuid4(), uuid4()

    def at(minute: int, **said: Any) -> None:
        make_row(parent.pk, at=noon + timedelta(minutes=minute), **said)

    at(0, session_id=ski)
    at(1, session_id=swim, org_ref="goose-pond-swim", program_ref=None)
    at(2, session_id=None, action=Action.USER_LOGGED_IN, provider=None, org_ref=None)
    at(3, session_id=ski, program_ref="juniors-2026", action=Action.ACTION_SELECT_PROGRAM)
    at(-24 * 60, session_id=None, action=Action.USER_LOGGED_OUT, provider=None, org_ref=None)

    html = _html(browser.get("/mandates-audit"))

    assert _headings(html) == [
        "Juniors 2026 at Blackhawk Ski",
        "Outside of a signup",
        "Signup with Goose Pond Swim",
        "Outside of a signup",  # the day before
    ]
    assert _actions(html)[:2] == ["action_select_program", "action_select_provider"]
    assert f'href="/mandates-audit?session_id={ski}"' in html


def test_says_once_what_a_signup_is_about(
    make_row: MakeRow, parent: User, noon: datetime, browser: Client
) -> None:
    session_id = uuid4()
    make_row(parent.pk, session_id=session_id, org_ref="goose-pond-swim")
    later = noon + timedelta(minutes=1)
    make_row(parent.pk, session_id=session_id, program_ref="juniors-2026", at=later)

    html = _html(browser.get("/mandates-audit"))

    [head] = re.findall(r'class="signup-head">(.*?)</header>', html, re.DOTALL)
    assert "<h2>Juniors 2026 at Blackhawk Ski</h2>" in head
    assert "Skiclubpro <span" in head
    later_one, first = re.findall(r'class="event-more">(.*?)</p>', html, re.DOTALL)
    assert re.findall(r"<span>(.*?)</span>", later_one) == ["You"]
    assert re.findall(r"<span>(.*?)</span>", first) == ["You", "Goose Pond Swim"]


def test_marks_samples(make_row: MakeRow, parent: User, browser: Client) -> None:
    said = {"tool": "find_programs", "attempts": 1, "elapsed_ms": 5}
    make_row(parent.pk, action=Action.TOOL_SUCCEEDED, metadata=said | {"source": "mcp"})
    assert "Sample</span>" not in _html(browser.get("/mandates-audit"))

    make_row(parent.pk, action=Action.TOOL_SUCCEEDED, metadata=said | {"source": "mock"})
    assert "Sample</span>" in _html(browser.get("/mandates-audit"))


def test_says_how_to_check_it_and_lets_it_be_taken_home(browser: Client) -> None:
    html = _html(browser.get("/mandates-audit"))

    for link in ("export?format=csv", "export?format=jsonl", "checkpoint"):
        assert f'href="/api/v1/audit/{link}"' in html
        # the checkpoint is none before the first seal
        assert browser.get(f"/api/v1/audit/{link}").status_code in (200, 404)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/mandates-audit", "Audit Trail"),
        ("/mandates-audit/registrations", "Registrations"),
        ("/mandates-audit/logins", "Saved logins"),
    ],
)
def test_has_a_tab_for_each_of_its_pages(browser: Client, path: str, name: str) -> None:
    html = _html(browser.get(path))

    tabs = re.findall(r'<a [^>]*role="tab"[^>]*>(?:.*?)</a>', html)
    names = ["Audit Trail", "Registrations", "Saved logins"]
    assert re.findall(r'role="tab"[^>]*>(.*?)</a>', html) == names
    [here] = [tab for tab in tabs if 'aria-selected="true"' in tab]
    assert f'href="{path}"' in here
    assert here.endswith(f">{name}</a>")
    [panel] = re.findall(r'aria-controls="([^"]+)"', html)
    assert f'role="tabpanel" id="{panel}"' in html
    assert re.search(r'href="/mandates-audit" aria-current="(page|true)"', html)


def test_says_so_when_nothing_was_recorded_yet(browser: Client) -> None:
    html = _html(browser.get("/mandates-audit"))

    assert "Nothing has been recorded yet." in html
    assert _headings(html) == []
    assert "Older" not in html


def test_shows_nobody_elses_rows(make_row: MakeRow, stranger: User, browser: Client) -> None:
    make_row(stranger.pk)
    make_row(action=Action.SESSIONS_EXPIRED, actor=SYSTEM, user_id=None)

    assert _actions(_html(browser.get("/mandates-audit"))) == []


def test_shows_staff_their_own_rows_only(
    make_row: MakeRow, parent: User, staff: User, client: Client
) -> None:
    client.force_login(staff)
    make_row(parent.pk)

    assert _actions(_html(client.get("/mandates-audit"))) == []


def test_shows_fifty_rows_and_a_way_to_the_older_ones(
    make_row: MakeRow, parent: User, noon: datetime, browser: Client
) -> None:
    make_row(parent.pk, action=Action.SESSION_CREATED, at=noon - timedelta(seconds=1))
    for number in range(50):
        make_row(parent.pk, action=Action.MESSAGE_SENT, at=noon + timedelta(seconds=number))

    newest = _html(browser.get("/mandates-audit"))
    assert _actions(newest) == ["message_sent"] * 50
    [older] = re.findall(r'href="([^"]+)">Older</a>', newest)

    last = _html(browser.get(unescape(older)))
    assert _actions(last) == ["session_created"]
    assert "Older" not in last
    assert ">Newest</a>" in last


def test_leads_back_to_the_start_from_a_broken_link(browser: Client) -> None:
    answer = browser.get("/mandates-audit?cursor=garbage")

    assert answer.status_code == 302
    assert answer["Location"] == "/mandates-audit"


def test_shows_hostile_words_as_words(make_row: MakeRow, parent: User, browser: Client) -> None:
    hostile = "</pre><script>alert(1)</script>"
    told = {"credential_alias": hostile}
    make_row(parent.pk, org_ref=hostile, action=Action.CREDENTIALS_DELETED, metadata=told)
    make_row(parent.pk, provider=hostile, program_ref=hostile, session_id=uuid4())

    html = _html(browser.get("/mandates-audit"))

    assert hostile not in html
    assert unescape(html).count(hostile) >= 5  # the choice, and the details of both


@pytest.mark.parametrize("metadata", [[], "x", None, 5, {"elapsed_ms": 10**30}])
def test_shows_whatever_somebody_put_there_as_metadata(
    parent: User, browser: Client, metadata: Any
) -> None:
    put_in(user_id=parent.pk, action=Action.TOOL_FAILED, metadata=metadata)

    answer = browser.get("/mandates-audit")

    assert answer.status_code == 200
    assert "A provider was asked, and that failed." in answer.content.decode()


def test_holds_no_script_or_style_of_its_own(
    make_row: MakeRow, parent: User, browser: Client
) -> None:
    make_row(parent.pk, session_id=uuid4())

    html = _html(browser.get("/mandates-audit"))

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", html)


def test_is_only_read(browser: Client) -> None:
    assert browser.post("/mandates-audit").status_code == 405


def test_costs_the_same_for_any_number_of_rows(
    make_row: MakeRow, parent: User, browser: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        make_row(parent.pk)

    with django_assert_max_num_queries(4):  # the login, its person, the rows, their providers
        browser.get("/mandates-audit")
