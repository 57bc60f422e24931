"""Working in the admin…"""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import MandateAudit
from tests.accounts.conftest import LogIn, post_form

pytestmark = pytest.mark.urls("tests.accounts.urls")

STAFF = {"email": "alex@example.com", "password": "a staff pass phrase"}


def test_begins_at_the_one_log_in_page(log_in: LogIn, browser: Client, staff: User) -> None:
    assert browser.get("/admin/")["Location"] == "/auth?next=/admin/"
    assert browser.get("/admin/login/?next=/admin/accounts/")["Location"] == (
        "/auth?next=/admin/accounts/"
    )

    answer = log_in(**STAFF, then="/admin/")

    assert answer["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200
    assert MandateAudit.objects.get().user_id == staff.pk


def test_never_begins_at_a_form_of_its_own(browser: Client, staff: User) -> None:
    answer = post_form(
        browser,
        "/admin/login/",
        {"username": STAFF["email"], "password": STAFF["password"]},
    )

    assert answer.status_code in {302, 403}
    assert "sessionid" not in browser.cookies


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/login/?next=/admin/"])
def test_is_refused_to_parents_without_going_in_circles(
    log_in: LogIn, browser: Client, path: str
) -> None:
    log_in()

    answer = browser.get(path, follow=True)

    assert answer.status_code == 403
    assert len(answer.redirect_chain) <= 1
    assert "You are not allowed to do this." in answer.content.decode()


def test_goes_on_where_staff_is_logged_in_already(
    log_in: LogIn, browser: Client, staff: User
) -> None:
    log_in(**STAFF)

    assert browser.get("/admin/login/")["Location"] == "/admin/"
    assert browser.get("/admin/login/?next=//evil.example")["Location"] == "/admin/"


def test_ends_with_a_record(log_in: LogIn, browser: Client, staff: User) -> None:
    log_in(**STAFF)

    answer = post_form(browser, reverse("admin:logout"), {})

    assert answer["Location"] == "/auth"
    assert MandateAudit.objects.filter(action="user_logged_out", user_id=staff.pk).count() == 1
    assert browser.get("/admin/").status_code == 302


def test_shows_people_and_no_password_hash(
    log_in: LogIn, browser: Client, staff: User, parent: User
) -> None:
    log_in(**STAFF)

    listed = browser.get("/admin/accounts/user/?q=pat").content.decode()
    shown = browser.get(f"/admin/accounts/user/{parent.pk}/change/").content.decode()

    for page in (listed, shown):
        assert parent.email in page
        assert parent.password not in page
        assert "md5$" not in page
    assert staff.email not in listed.split("result_list")[1]


@pytest.mark.parametrize("query", ["pat", "6b1f6c7e-2f0e-4c0e-9d0e-0d1f4a3c2b1a", "' OR 1=1", "%"])
def test_searches_for_anything(log_in: LogIn, browser: Client, staff: User, query: str) -> None:
    log_in(**STAFF)

    assert browser.get("/admin/accounts/user/", {"q": query}).status_code == 200


def test_changes_nobody(log_in: LogIn, browser: Client, staff: User, parent: User) -> None:
    log_in(**STAFF)
    token = browser.cookies["csrftoken"].value

    for path in (
        "/admin/accounts/user/add/",
        f"/admin/accounts/user/{parent.pk}/change/",
        f"/admin/accounts/user/{parent.pk}/delete/",
    ):
        answer = browser.post(path, {"csrfmiddlewaretoken": token, "is_staff": "on", "post": "yes"})
        assert answer.status_code == 403, path
    parent.refresh_from_db()
    assert not parent.is_staff


def test_has_no_list_of_log_in_addresses(log_in: LogIn, browser: Client, staff: User) -> None:
    log_in(**STAFF)

    assert browser.get("/admin/account/emailaddress/").status_code == 404
