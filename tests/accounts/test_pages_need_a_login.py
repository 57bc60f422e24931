"""Opening a page without a log-in…"""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import Resolver404, resolve

from accounts.models import User
from tests.accounts.conftest import LogIn

pytestmark = pytest.mark.urls("tests.accounts.urls")

EXPIRED = "Your session expired. Please log in again."
PLEASE = "Please log in."


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/", "/auth?next=/"),
        ("/a-page", "/auth?next=/a-page"),
        ("/a-page?x=1&y=//z", "/auth?next=/a-page%3Fx%3D1%26y%3D//z"),
        ("/admin/", "/auth?next=/admin/"),
        ("/admin/audit/", "/auth?next=/admin/audit/"),
    ],
)
def test_leads_to_the_log_in_page_and_back(browser: Client, path: str, way: str) -> None:
    answer = browser.get(path)

    assert (answer.status_code, answer["Location"]) == (302, way)


def test_asks_for_a_log_in(browser: Client) -> None:
    page = browser.get("/a-page", follow=True).content.decode()

    assert page.count(PLEASE) == 1
    assert EXPIRED not in page


def test_asks_once_however_many_pages_were_opened(browser: Client) -> None:
    for _ in range(3):
        browser.get("/a-page")

    assert browser.get("/auth").content.decode().count(PLEASE) == 1
    assert PLEASE not in browser.get("/auth").content.decode()


def test_says_so_when_the_session_expired(log_in: LogIn, browser: Client) -> None:
    log_in()
    Session.objects.all().delete()

    page = browser.get("/a-page", follow=True).content.decode()

    assert page.count(EXPIRED) == 1


def test_says_so_when_the_account_was_disabled(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    log_in()
    User.objects.filter(pk=parent.pk).update(is_active=False)

    assert EXPIRED in browser.get("/a-page", follow=True).content.decode()


def test_shows_the_page_after_the_log_in(log_in: LogIn, browser: Client) -> None:
    log_in(then="/a-page")

    assert browser.get("/a-page").content == b"a page of the product"


@pytest.mark.parametrize("path", ["/nowhere", "/auth/nowhere"])
def test_finds_nothing_where_nothing_is(browser: Client, path: str) -> None:
    with pytest.raises(Resolver404):
        resolve(path, "tests.accounts.urls")


def test_is_not_what_the_api_answers(browser: Client) -> None:
    assert browser.get("/api/v1/me").status_code == 401


def test_is_not_needed_for_files_and_the_log_in_itself(browser: Client) -> None:
    for path in ("/static/css/site.css", "/auth", "/auth/signup"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert answer.getvalue()  # read to its end, a file is closed
