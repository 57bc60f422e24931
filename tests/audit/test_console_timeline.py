"""The story of a signup…"""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.models import User
from audit import stories
from audit.actions import Action, staff
from audit.admin import story_page
from audit.models import MandateAudit
from tests.audit.attacking import put_in
from tests.audit.conftest import MakeRow

LIST = "/admin/audit/mandateaudit/"
SIGNUP = UUID("3d813cbb-47fb-42ba-91df-831e1593ac29")
STORY: tuple[tuple[int, Action, dict[str, Any]], ...] = (  # seconds, action, what it tells
    (0, Action.SESSION_CREATED, {}),
    (8, Action.MESSAGE_SENT, {"step": "provider_search", "intent": "search"}),
    (9, Action.TOOL_FAILED, {
        "tool": "find_provider", "source": "google", "attempts": 1, "elapsed_ms": 842,
        "error_code": "search_unavailable", "step": "provider_search",
    }),
    (1209, Action.ACTION_CONNECT_ACCOUNT, {"step": "login"}),
    (1229, Action.CREDENTIALS_ACCESSED, {
        "credential_alias": "Ours", "purpose": "find_programs",
        "accessed_at": "2026-07-14T12:20:29Z",
    }),
)  # fmt: skip


@pytest.fixture
def console(staff: User, client: Client) -> Client:
    """Return a client that is logged in as a superuser."""
    client.force_login(staff)
    return client


@pytest.fixture
def signup(make_row: MakeRow, parent: User, noon: datetime) -> list[MandateAudit]:
    """Return the records of a signup, oldest first."""
    make_row(session_id=uuid4())
    return [
        make_row(
            parent.pk,
            action=action,
            metadata=told,
            session_id=SIGNUP,
            at=noon + timedelta(seconds=seconds),
        )
        for seconds, action, told in STORY
    ]


def _page(console: Client, query: str = "") -> str:
    answer = console.get(f"{LIST}timeline/{SIGNUP}/{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_tells_all_in_order_by_step(signup: list[MandateAudit]) -> None:
    chapters = stories.told(signup, start=signup[0].created_at)

    assert [chapter.title for chapter in chapters] == ["Provider search", "Login"]
    assert [chapter.lasted for chapter in chapters] == ["9 s", "20 s"]
    first, second = ([scene.row for scene in chapter.scenes] for chapter in chapters)
    assert first + second == signup
    failed = chapters[0].scenes[2]
    assert (failed.at, failed.gap, failed.took, failed.pause) == ("+9 s", "1 s", "842 ms", None)
    later = chapters[1].scenes[0]
    assert (later.at, later.pause) == ("+20 min 9 s", "20 min")


def test_is_read_on_its_page(signup: list[MandateAudit], console: Client) -> None:
    page = _page(console)

    places = [page.index(Action.describe(row.action)) for row in signup]
    assert places == sorted(places)
    assert "pat@example.com" in page
    assert "find_provider · search_unavailable · took 842 ms · from google" in page
    assert "understood as search" in page
    assert "for find_programs" in page
    assert "20 min without a record" in page
    assert "1 failed or refused" in page
    assert all(f'href="{LIST}{row.pk}/change/"' in page for row in signup)


def test_tells_readings_in_a_row_as_one(
    make_row: MakeRow, signup: list[MandateAudit], noon: datetime, parent: User
) -> None:
    told = {"table": "mandate_audit", "view": "detail", "viewed": "x"}
    readings = [
        make_row(
            parent.pk,
            action=Action.AUDIT_VIEWED,
            actor=staff(uuid4()),
            metadata=told,
            session_id=SIGNUP,
            at=noon + timedelta(hours=number + 1),
        )
        for number in range(3)
    ]

    last = stories.told(signup + readings, start=noon)[-1]

    assert last.scenes[-1].rows == readings
    assert last.lasted == "20 s"


def test_is_recorded_and_shows_nothing_where_it_cannot_be(
    signup: list[MandateAudit], console: Client, staff: User
) -> None:
    _page(console)
    viewed = MandateAudit.objects.get(action=Action.AUDIT_VIEWED)
    assert (viewed.user_id, viewed.actor) == (signup[0].user_id, f"staff:{staff.pk}")
    assert (viewed.session_id, viewed.metadata["view"]) == (SIGNUP, "timeline")

    with mock.patch.object(MandateAudit, "save", side_effect=OperationalError("gone")):
        assert console.get(f"{LIST}timeline/{SIGNUP}/").status_code == 503


def test_is_recorded_for_all_whose_it_is_whatever_was_added(
    signup: list[MandateAudit], console: Client, parent: User, stranger: User
) -> None:
    put_in(session_id=SIGNUP, id=UUID(int=1))  # nobody's, and by its id the first of them
    put_in(session_id=SIGNUP, user_id=stranger.pk)
    put_in(id=SIGNUP)

    _page(console)
    console.get(LIST, {"q": str(SIGNUP)})
    console.post(f"{LIST}export/", {"q": str(SIGNUP), "as": "csv"})

    viewed = MandateAudit.objects.filter(action__in=[Action.AUDIT_VIEWED, Action.AUDIT_EXPORTED])
    told = sorted(viewed.values_list("user_id", "action"))
    each = [Action.AUDIT_EXPORTED, Action.AUDIT_VIEWED, Action.AUDIT_VIEWED]
    assert told == sorted((user.pk, str(it)) for user in (parent, stranger) for it in each)
    assert set(viewed.values_list("session_id", flat=True)) == {SIGNUP}


def test_counts_on_this_page_and_says_so(
    signup: list[MandateAudit], console: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "on this page" not in _page(console)

    monkeypatch.setattr(story_page, "MOST_TOLD", 3)
    page = _page(console)
    assert "<dd>3, on this page</dd>" in page
    assert "1 failed or refused</span> on this page" in page

    after = console.get(f"{LIST}timeline/{SIGNUP}/").context["more"]
    assert "nothing on this page" in _page(console, f"?after={after}")


def test_goes_on_where_it_is_long(
    signup: list[MandateAudit], console: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story_page, "MOST_TOLD", 3)
    answer = console.get(f"{LIST}timeline/{SIGNUP}/")
    more = answer.context["more"]
    assert "Opened a login" not in answer.content.decode()

    page = _page(console, f"?after={more}")

    assert "Opened a login" in page
    assert "Started a signup" not in page
    assert "+20 min 9 s" in page


@pytest.mark.parametrize("address", [f"{UUID(int=1)}/", f"{SIGNUP}/?after=nonsense"])
def test_is_not_found_where_there_is_none(
    signup: list[MandateAudit], console: Client, address: str
) -> None:
    assert console.get(f"{LIST}timeline/{address}").status_code == 404


def test_is_reached_from_the_list_like_its_records(
    signup: list[MandateAudit], console: Client
) -> None:
    links = re.findall(rf'href="({LIST}[^"?]+)"', console.get(LIST).content.decode())

    assert {f"{LIST}timeline/{SIGNUP}/", f"{LIST}{signup[0].pk}/change/"} <= set(links)
    assert {console.get(link).status_code for link in set(links)} == {200}
