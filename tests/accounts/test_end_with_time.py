"""A log-in on a page ends by itself…"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import User
from orchestrator import tasks
from tests.accounts.conftest import LogIn, post_form

EXPIRED = "Your session expired. Please log in again."


@pytest.fixture
def clock(log_in: LogIn) -> Iterator[time_machine.Traveller]:
    """A clock that stands at the log-in, and goes on when it is told to."""
    with time_machine.travel(timezone.now(), tick=False) as now:
        log_in()
        yield now


def is_in(browser: Client) -> bool:
    answer = browser.get("/api/v1/me")
    assert answer.status_code == 200 or answer.json()["detail"] == EXPIRED
    return answer.status_code == 200


def make_staff(parent: User) -> None:
    User.objects.filter(pk=parent.pk).update(is_staff=True)


def test_after_twelve_hours_however_busy(
    clock: time_machine.Traveller, browser: Client, parent: User
) -> None:
    make_staff(parent)
    for _ in range(12 * 3 - 1):
        clock.shift(timedelta(minutes=20))
        assert is_in(browser)

    clock.shift(timedelta(minutes=20, seconds=1))

    assert not is_in(browser)
    assert not Session.objects.exists()


def test_twelve_hours_after_the_password_was_asked_for_again(
    clock: time_machine.Traveller, browser: Client
) -> None:
    clock.shift(timedelta(hours=11))
    post_form(browser, "/auth/reauthenticate", {"password": "a long pass phrase"})

    clock.shift(timedelta(hours=11))
    assert is_in(browser)
    clock.shift(timedelta(hours=1, seconds=1))
    assert not is_in(browser)


def test_after_half_an_hour_without_staff(
    clock: time_machine.Traveller, browser: Client, parent: User
) -> None:
    make_staff(parent)
    for _ in range(3):
        clock.shift(timedelta(minutes=29))
        assert is_in(browser)

    clock.shift(timedelta(minutes=30, seconds=1))

    answer = browser.get("/admin/", follow=True)
    assert answer.redirect_chain == [("/auth?next=/admin/", 302)]
    assert answer.content.decode().count(EXPIRED) == 1


def test_not_for_a_parent_who_has_lunch(clock: time_machine.Traveller, browser: Client) -> None:
    clock.shift(timedelta(hours=3))

    assert is_in(browser)


def test_counting_from_the_log_in_of_staff_who_never_came_back(
    clock: time_machine.Traveller, browser: Client, parent: User
) -> None:
    make_staff(parent)

    clock.shift(timedelta(minutes=31))

    assert not is_in(browser)


def test_and_is_saved_once_a_minute_at_most(
    clock: time_machine.Traveller, browser: Client, parent: User
) -> None:
    make_staff(parent)
    is_in(browser)
    first = _seen()

    clock.shift(timedelta(seconds=59))
    is_in(browser)
    assert _seen() == first
    clock.shift(timedelta(seconds=1))
    is_in(browser)
    assert _seen() == first + timedelta(minutes=1)


def test_and_is_not_brought_back_by_a_page_that_was_at_work_meanwhile(
    clock: time_machine.Traveller,
    browser: Client,
    parent: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_staff(parent)
    save = type(browser.session).save

    def log_out_first(self: object, must_create: bool = False) -> None:
        if not must_create:
            Session.objects.all().delete()
        save(self, must_create)  # type: ignore[arg-type]

    monkeypatch.setattr(type(browser.session), "save", log_out_first)

    assert not is_in(browser)
    assert not Session.objects.exists()


def _seen() -> datetime:
    kept = Session.objects.get().get_decoded()
    return datetime.fromisoformat(kept["seen_at"])


def test_and_tells_so_where_the_log_in_page_is_opened_by_itself(
    clock: time_machine.Traveller, browser: Client
) -> None:
    clock.shift(timedelta(hours=13))

    assert browser.get("/auth").content.decode().count(EXPIRED) == 1
    assert settings.SESSION_COOKIE_NAME in browser.cookies
    assert EXPIRED not in browser.get("/auth").content.decode(), "once is enough"


def test_and_tells_so_where_a_script_of_ours_found_out(browser: Client) -> None:
    assert browser.get("/auth?next=/&why=ended").content.decode().count(EXPIRED) == 1
    assert EXPIRED not in browser.get("/auth?next=/&why=else").content.decode()


def test_and_is_forgotten_by_the_worker(clock: time_machine.Traveller, log_in: LogIn) -> None:
    assert tasks.forget_logins() == "0 forgotten"

    clock.shift(timedelta(hours=12))

    assert tasks.forget_logins() == "1 forgotten"
    assert not Session.objects.exists()
