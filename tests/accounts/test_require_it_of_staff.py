"""Requiring a second factor of staff in the admin…"""

import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import totp
from accounts.models import User
from accounts.services import second_factor
from tests.accounts.conftest import LogIn, post_form
from tests.accounts.two_steps import turn_on
from tests.sessions_store.conftest import ROOT, command

pytestmark = pytest.mark.once

STAFF = {"email": "alex@example.com", "password": "a staff pass phrase"}
ADD, AGAIN = "/auth/security/totp", "/auth/reauthenticate"


@pytest.fixture(autouse=True)
def required(settings: Settings, staff: User) -> None:
    """The setting as it is in production."""
    settings.STAFF_MFA = True


def is_open(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def test_opens_the_admin_for_whoever_logged_in_with_a_code(
    log_in: LogIn, browser: Client, staff: User
) -> None:
    app = turn_on(staff)
    log_in(**STAFF, then="/admin/")
    assert not is_open(browser)

    answer = post_form(browser, "/auth/2fa", {"code": app.code()})

    assert answer["Location"] == "/admin/"
    assert is_open(browser)


def test_leads_staff_without_one_to_turn_it_on(log_in: LogIn, browser: Client, staff: User) -> None:
    log_in(**STAFF)

    answer = browser.get("/admin/", follow=True)

    assert answer.redirect_chain[-1] == (ADD, 302)
    assert "For the admin, staff need two-step log-in." in answer.content.decode()
    assert "Turn on two-step log-in" in answer.content.decode()


def test_opens_at_once_where_it_has_just_been_turned_on(
    log_in: LogIn, browser: Client, staff: User
) -> None:
    log_in(**STAFF)
    secret, offer = second_factor.offer(staff.pk)
    code = totp.code_of(secret, totp.step_at(timezone.now()))

    answer = post_form(browser, ADD, {"offer": offer, "code": code})

    assert 'href="/admin/">Go on to the admin</a>' in answer.content.decode()
    assert is_open(browser)


def test_asks_for_a_code_where_the_password_alone_began_the_session(
    browser: Client, staff: User
) -> None:
    app = turn_on(staff)
    browser.force_login(staff)

    answer = browser.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0] == f"{AGAIN}?next=/admin/accounts/user/"
    assert "For the admin, please enter a code as well." in answer.content.decode()

    fields = {"password": STAFF["password"], "code": app.code(), "next": "/admin/"}
    assert post_form(browser, AGAIN, fields)["Location"] == "/admin/"
    assert is_open(browser)


def test_closes_the_admin_where_it_is_turned_off_or_replaced(
    log_in: LogIn, browser: Client, staff: User
) -> None:
    app = turn_on(staff)
    log_in(**STAFF)
    post_form(browser, "/auth/2fa", {"code": app.code()})
    assert is_open(browser)

    second_factor.remove(staff.pk, at=timezone.now())
    assert not is_open(browser)
    turn_on(staff)
    browser.force_login(staff)
    assert not is_open(browser)


def test_takes_nobody_elses_for_theirs(
    log_in: LogIn, browser: Client, staff: User, parent: User
) -> None:
    turn_on(staff)
    proof = second_factor.recognise(parent.pk, turn_on(parent).code(), at=timezone.now())
    browser.force_login(staff)
    session = browser.session
    second_factor.note_proved(session, proof)
    session.save()

    assert not is_open(browser)


@pytest.mark.parametrize(
    "path",
    ["/admin/", "/admin/accounts/user/", "/admin/audit/mandateaudit/", "/admin/jsi18n/"],
)
def test_holds_on_every_page_and_for_every_method(
    log_in: LogIn, browser: Client, path: str
) -> None:
    log_in(**STAFF)
    token = browser.cookies["csrftoken"].value

    for answer in (browser.get(path), browser.post(path, {"csrfmiddlewaretoken": token})):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/login/?next=/admin/")


def test_leaves_the_chat_and_the_api_open(log_in: LogIn, browser: Client) -> None:
    log_in(**STAFF)

    assert browser.get("/").status_code == 200
    assert browser.get("/mandates-audit").status_code == 200
    assert browser.get("/api/v1/me").json()["is_staff"] is True


def test_opens_nothing_for_parents_who_have_one(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    app = turn_on(parent)
    log_in()
    post_form(browser, "/auth/2fa", {"code": app.code()})

    answer = browser.get("/admin/", follow=True)

    assert answer.status_code == 403


def test_lasts_as_long_as_the_session(log_in: LogIn, browser: Client, staff: User) -> None:
    app = turn_on(staff)
    log_in(**STAFF)
    post_form(browser, "/auth/2fa", {"code": app.code()})
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        assert is_open(browser)


def test_is_asked_of_nobody_in_development_only(
    log_in: LogIn, browser: Client, settings: Settings
) -> None:
    settings.STAFF_MFA = False
    log_in(**STAFF)
    assert is_open(browser)


def test_cannot_be_turned_off_in_production() -> None:
    _, env = command()
    env |= {
        "DEBUG": "false",
        "STAFF_MFA": "off",
        "DJANGO_SETTINGS_MODULE": "signupassist.settings",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "SignupAssist cannot start: STAFF_MFA is off, which is for development (DEBUG=true) alone. "
        "Good: STAFF_MFA=on\n"
    )
