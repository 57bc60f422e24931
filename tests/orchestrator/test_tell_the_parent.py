"""Telling a parent on the page what became of a registration…"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from orchestrator.models import RegistrationSubmission
from orchestrator.submissions.refusals import SENTENCES
from tests.orchestrator.conftest import MakeNews


@pytest.fixture
def browser(parent: User) -> Client:
    """The browser of the parent."""
    browser = Client()
    browser.force_login(parent)
    return browser


def page(browser: Client) -> str:
    return browser.get("/").content.decode()


def read(browser: Client, submission_id: UUID, status: str = "confirmed") -> Any:
    """Press the notice's button."""
    return browser.post(f"/registrations/{submission_id}/noticed", {"status": status})


def told(submission: RegistrationSubmission) -> bool:
    submission.refresh_from_db()
    return submission.told_at is not None


def test_shows_it_on_the_page_until_it_is_read(browser: Client, make_news: MakeNews) -> None:
    submission = make_news()

    for _ in range(2):
        shown = page(browser)
        for words in (
            "Nordic Kids at Blackhawk Ski Club",
            "Your registration is confirmed.",
            "BSC-77",
        ):
            assert words in shown
    answer = read(browser, submission.pk)

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert told(submission)
    assert "Nordic Kids" not in page(browser)


@pytest.mark.once
@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"status": "waitlisted"}, "Your child is on the waiting list."),
        ({"status": "rejected", "error_code": "program_full"}, SENTENCES["program_full"]),
        ({"status": "not_created"}, "Nothing was booked."),
        ({"status": "needs_operator"}, "A person is checking with the provider"),
        ({"message": "See you on Saturday!"}, "See you on Saturday!"),
        ({"is_real": False}, "Nobody was really registered."),
        ({"program_title": "<b>Kids</b>"}, "&lt;b&gt;Kids&lt;/b&gt; at Blackhawk"),
        ({"program_title": "", "org_name": "", "program_ref": "p1"}, "p1 at blackhawk-ski"),
    ],
)
def test_says_what_it_is(
    browser: Client, make_news: MakeNews, known: dict[str, Any], words: str
) -> None:
    make_news(**known)

    assert str(words) in page(browser)


def test_shows_the_newest_five(browser: Client, make_news: MakeNews) -> None:
    now = timezone.now()
    for number in range(7):
        make_news(program_title=f"Course {number}", news_at=now - timedelta(hours=number))

    shown = page(browser)

    assert [number for number in range(7) if f"Course {number}" in shown] == [0, 1, 2, 3, 4]
    assert shown.index("Course 0") < shown.index("Course 4")


def test_shows_nobody_what_is_not_theirs_or_no_news(
    browser: Client, make_news: MakeNews, stranger: User
) -> None:
    make_news(stranger, program_title="Of another")
    make_news(program_title="Seen at once", news_at=None)

    shown = page(browser)

    assert "Of another" not in shown
    assert "Seen at once" not in shown


def test_lets_nobody_else_say_that_it_was_read(
    browser: Client, make_news: MakeNews, stranger: User
) -> None:
    theirs = make_news(stranger)

    foreign, unknown = read(browser, theirs.pk), read(browser, uuid4())
    nobody = read(Client(), theirs.pk)

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content
    assert (nobody.status_code, nobody["Location"].split("?")[0]) == (302, "/auth")
    assert not told(theirs)


def test_takes_a_form_of_this_site_alone(parent: User, make_news: MakeNews) -> None:
    submission = make_news()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(parent)

    assert read(browser, submission.pk).status_code == 403
    assert browser.get(f"/registrations/{submission.pk}/noticed").status_code == 405
    assert not told(submission)


def test_keeps_newer_news_than_what_was_read(browser: Client, make_news: MakeNews) -> None:
    submission = make_news(status="needs_operator")
    now = timezone.now()
    RegistrationSubmission.objects.update(status="confirmed", news_at=now, told_at=None)

    read(browser, submission.pk, "needs_operator")
    assert not told(submission)
    read(browser, submission.pk, "confirmed")
    assert told(submission)


@pytest.mark.once
def test_takes_no_form_that_does_not_say_what_was_read(
    browser: Client, make_news: MakeNews
) -> None:
    submission = make_news()

    for form in ({}, {"status": ""}):
        answer = browser.post(f"/registrations/{submission.pk}/noticed", form)
        assert answer.status_code == 400
    assert not told(submission)


def test_counts_as_told_once_its_owner_asked_for_it(
    make_news: MakeNews, client_of: Callable[[User], APIClient], parent: User, stranger: User
) -> None:
    submission = make_news()
    address = f"/api/v1/submissions/{submission.pk}"

    client_of(stranger).get(address)
    assert not told(submission)
    client_of(parent).get(address)
    assert told(submission)
    first = submission.told_at
    client_of(parent).get(address)
    submission.refresh_from_db()
    assert submission.told_at == first


def test_asking_before_there_is_news_tells_nothing(
    make_news: MakeNews, client_of: Callable[[User], APIClient], parent: User
) -> None:
    submission = make_news(status="outcome_unknown", news_at=None)

    client_of(parent).get(f"/api/v1/submissions/{submission.pk}")

    assert not told(submission)
