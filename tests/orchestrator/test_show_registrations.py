"""/mandates-audit/registrations…"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from orchestrator.models import RegistrationSubmission, SubmissionStatus
from orchestrator.registrations_page import CHIPS
from tests.orchestrator.chat import Chat

PAGE = "/mandates-audit/registrations"
MakeRegistration = Callable[..., RegistrationSubmission]


@pytest.fixture
def browser(parent: User, client: Client) -> Client:
    """Return a client that is logged in as the parent."""
    client.force_login(parent)
    return client


@pytest.fixture
def make_registration(parent: User, noon: datetime) -> MakeRegistration:
    """Return a maker of registrations, by default a confirmed one of the parent."""

    def make(status: str = "confirmed", **known: Any) -> RegistrationSubmission:
        usual = {
            "session_id": uuid4(),
            "user_id": parent.pk,
            "provider": "skiclubpro",
            "org_ref": "blackhawk-ski",
            "org_name": "Blackhawk Ski Club",
            "program_ref": f"program-{uuid4()}",
            "program_title": "Nordic Kids",
            "participant": "a" * 64,
            "request_digest": "b" * 64,
            "is_real": True,
            "created_at": noon,
            "updated_at": noon,
        }
        return RegistrationSubmission.objects.create(status=status, **usual | known)

    return make


def _shown(browser: Client, path: str = PAGE) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.django_db
def test_needs_a_login(client: Client) -> None:
    assert client.get(PAGE)["Location"] == f"/auth?next={PAGE}"


def test_says_so_when_there_is_none(browser: Client) -> None:
    assert "Nothing is registered yet." in _shown(browser)


def test_shows_what_where_when_and_the_confirmation(
    make_registration: MakeRegistration, browser: Client
) -> None:
    one = make_registration(confirmation_ref="BSC-77")

    html = _shown(browser)

    assert f'<h2 id="registration-{one.pk}">Nordic Kids at Blackhawk Ski Club</h2>' in html
    assert '<span class="pill pill-ok">Confirmed</span>' in html
    assert '<time datetime="2026-07-14T12:00:00.000000Z"' in html
    assert "<dd>BSC-77</dd>" in html
    assert f'href="/mandates-audit?session_id={one.session_id}"' in html
    assert "Sample data" not in html
    assert "Open the chat" not in html  # it is long gone


@pytest.mark.parametrize("status", SubmissionStatus.values)
def test_says_every_status_in_plain_words(
    make_registration: MakeRegistration, browser: Client, status: SubmissionStatus
) -> None:
    make_registration(status)

    assert f">{CHIPS[status][1]}</span>" in _shown(browser)


def test_says_what_to_do_where_it_is_unsettled(
    make_registration: MakeRegistration, browser: Client
) -> None:
    waiting = make_registration(SubmissionStatus.NEEDS_OPERATOR)
    make_registration(SubmissionStatus.OUTCOME_UNKNOWN)

    html = _shown(browser)

    assert "You can ask the provider as well." in html
    assert f"<code>{waiting.pk}</code>" in html
    assert "There is nothing to do for you" in html
    assert html.count("Please do not submit it again.") == 2


def test_leads_to_the_chat_while_it_lives_and_marks_a_sample(chat: Chat, browser: Client) -> None:
    chat.walk_to("completed")

    html = _shown(browser)

    assert f'href="/?session={chat.id}"' in html
    assert "This is sample data: nobody was really registered." in html
    assert "Emma" not in html


def test_shows_the_newest_first_and_a_way_to_the_older_ones(
    make_registration: MakeRegistration, noon: datetime, browser: Client
) -> None:
    for number in range(51):
        at = noon + timedelta(minutes=number)
        make_registration(program_title=f"Number {number}", created_at=at)

    newest = _shown(browser)
    titles = re.findall(r"Number (\d+) at", newest)
    assert titles == [str(number) for number in range(50, 0, -1)]
    [older] = re.findall(r'href="([^"]+)">Older</a>', newest)
    last = _shown(browser, PAGE + unescape(older).removeprefix(PAGE))
    assert re.findall(r"Number (\d+) at", last) == ["0"]
    assert browser.get(f"{PAGE}?cursor=garbage")["Location"] == PAGE


def test_shows_nobody_elses(
    make_registration: MakeRegistration, stranger: User, browser: Client
) -> None:
    make_registration(user_id=stranger.pk)

    assert "Nordic Kids" not in _shown(browser)


def test_shows_hostile_words_as_words(make_registration: MakeRegistration, browser: Client) -> None:
    hostile = "</h2><script>alert(1)</script>"
    make_registration(
        program_title=hostile, org_name=hostile, message=hostile, confirmation_ref=hostile
    )

    html = _shown(browser)

    assert hostile not in html
    assert unescape(html).count(hostile) == 4


def test_costs_the_same_for_any_number(
    make_registration: MakeRegistration, browser: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make_registration()

    with django_assert_max_num_queries(4):  # the login, its person, the rows, their chats
        _shown(browser)
