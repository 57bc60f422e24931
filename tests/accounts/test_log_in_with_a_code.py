"""Logging in with a code besides the password…"""

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.services import second_factor
from audit.models import MandateAudit
from tests.accounts.conftest import PASSWORD, LogIn, post_form
from tests.accounts.two_steps import App, turn_on
from tests.credentials.conftest import ANOTHER_KEY

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

REFUSED = "That code is not right, or it was used before."
TOO_MANY = "Too many requests. Please wait a moment."


@pytest.fixture
def app(parent: User) -> App:
    """The parent's authenticator app."""
    return turn_on(parent)


def enter(browser: Client, code: str) -> "Answer":
    return post_form(browser, "/auth/2fa", {"code": code})


def is_logged_in(browser: Client) -> bool:
    return browser.get("/api/v1/me").status_code == 200


def failures() -> list[str]:
    rows = MandateAudit.objects.filter(action="user_login_failed").order_by("created_at")
    return [row.metadata.get("reason", "password") for row in rows]


def test_is_not_done_after_the_password(log_in: LogIn, browser: Client, app: App) -> None:
    answer = log_in(then="/mandates-audit")

    assert (answer.status_code, answer["Location"]) == (302, "/auth/2fa")
    assert not is_logged_in(browser)
    assert browser.get("/mandates-audit").status_code == 302
    assert not MandateAudit.objects.filter(action="user_logged_in").exists()


def test_leads_on_and_is_recorded(log_in: LogIn, browser: Client, app: App, parent: User) -> None:
    log_in(then="/mandates-audit")
    before = browser.cookies["sessionid"].value

    answer = enter(browser, app.code())

    row = MandateAudit.objects.get(action="user_logged_in")
    assert answer["Location"] == "/mandates-audit"
    assert is_logged_in(browser)
    assert (row.user_id, row.actor) == (parent.pk, f"user:{parent.pk}")
    assert (row.metadata["method"], row.metadata["second_factor"]) == ("session", "totp")
    assert browser.cookies["sessionid"].value != before
    assert Session.objects.count() == 1


def test_takes_a_code_once(log_in: LogIn, browser: Client, app: App) -> None:
    code = app.code()
    log_in()
    enter(browser, code)
    browser.post("/auth/logout", {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value})
    log_in()

    answer = enter(browser, code)

    assert REFUSED in answer.content.decode()
    assert not is_logged_in(browser)
    assert failures() == ["code_refused"]
    later = timezone.now() + timedelta(seconds=60)
    with time_machine.travel(later):
        enter(browser, app.code())
        assert is_logged_in(browser)


def test_takes_no_code_from_before_the_one_that_was_used(
    log_in: LogIn, browser: Client, app: App
) -> None:
    earlier = app.code(timezone.now() - timedelta(seconds=30))
    log_in()
    enter(browser, app.code())
    browser.cookies.clear()
    log_in()

    assert REFUSED in enter(browser, earlier).content.decode()


def test_does_not_take_the_code_that_turned_it_on(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    app = turn_on(parent, at=timezone.now())
    log_in()

    assert REFUSED in enter(browser, app.code()).content.decode()


def test_takes_a_recovery_code_once_and_says_so_in_the_record(
    log_in: LogIn, browser: Client, app: App, parent: User
) -> None:
    log_in()
    enter(browser, app.recovery_codes[4].upper())
    assert is_logged_in(browser)
    row = MandateAudit.objects.get(action="user_logged_in")
    assert row.metadata["second_factor"] == "recovery_code"
    standing = second_factor.standing(parent.pk)
    assert standing
    assert standing.codes_left == 9

    browser.cookies.clear()
    log_in()
    assert REFUSED in enter(browser, app.recovery_codes[4]).content.decode()
    assert enter(browser, app.recovery_codes[5]).status_code == 302


def test_records_a_wrong_code_and_nothing_of_it(
    log_in: LogIn,
    browser: Client,
    app: App,
    parent: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    log_in()

    answer = enter(browser, "canar-ycode")

    row = MandateAudit.objects.latest("created_at")
    assert answer.content.decode().count(REFUSED) == 1
    assert (row.action, row.user_id, row.actor) == ("user_login_failed", parent.pk, "anonymous")
    assert (row.metadata["method"], row.metadata["reason"]) == ("second_factor", "code_refused")
    said = [record.getMessage() for record in caplog.records if record.name != "django.db.backends"]
    assert "canar-ycode" not in str(said) + repr(list(MandateAudit.objects.values_list()))


def test_stops_guessing_after_five_failures_and_counts_no_success(
    log_in: LogIn, browser: Client, app: App
) -> None:
    for code in (app.recovery_codes[0], app.code()):
        log_in()
        assert enter(browser, code).status_code == 302
        browser.cookies.clear()
    log_in()
    for _ in range(5):
        enter(browser, app.wrong_code())

    answer = enter(browser, app.recovery_codes[1])

    assert TOO_MANY in answer.content.decode()
    assert not is_logged_in(browser)
    assert failures() == ["code_refused"] * 5


def test_buys_no_new_guesses_with_a_good_code(log_in: LogIn, browser: Client, app: App) -> None:
    log_in()
    for _ in range(4):
        enter(browser, app.wrong_code())
    assert enter(browser, app.code()).status_code == 302
    browser.cookies.clear()
    log_in()
    enter(browser, app.wrong_code())

    assert TOO_MANY in enter(browser, app.recovery_codes[0]).content.decode()
    assert failures() == ["code_refused"] * 5


def test_stops_guessing_after_thirty_failures_a_day(
    log_in: LogIn, browser: Client, app: App, settings: Settings
) -> None:
    limits = settings.ACCOUNT_RATE_LIMITS
    a_day = limits["second_factor"].removeprefix("5/300s/key,")
    settings.ACCOUNT_RATE_LIMITS = limits | {"second_factor": a_day}
    log_in()
    for _ in range(30):
        enter(browser, app.wrong_code())

    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        assert TOO_MANY in enter(browser, app.code()).content.decode()


def test_limits_each_person_alone(log_in: LogIn, browser: Client, app: App, stranger: User) -> None:
    other = turn_on(stranger)
    log_in()
    for _ in range(6):
        enter(browser, app.wrong_code())
    browser.cookies.clear()
    log_in(email=stranger.email, password="another pass phrase")

    assert enter(browser, other.code()).status_code == 302


def test_asks_for_the_password_first(client: Client, app: App) -> None:
    assert client.get("/auth/2fa")["Location"] == "/auth"
    assert client.post("/auth/2fa", {"code": app.code()})["Location"] == "/auth"
    assert not failures()


def test_needs_the_token_of_the_page(log_in: LogIn, browser: Client, app: App) -> None:
    log_in()

    assert browser.post("/auth/2fa", {"code": app.code()}).status_code == 403


def test_can_be_given_up(log_in: LogIn, browser: Client, app: App) -> None:
    log_in()
    assert browser.get("/auth")["Location"] == "/auth/2fa"

    browser.post("/auth/logout", {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value})

    assert browser.get("/auth").status_code == 200
    assert browser.get("/auth/2fa")["Location"] == "/auth"
    assert not MandateAudit.objects.filter(action="user_logged_out").exists()


@pytest.mark.parametrize(
    "ended", ["deleted", "turned off", "disabled", "ended", "another password", "too long ago"]
)
def test_ends_where_the_password_counts_no_more(
    log_in: LogIn, browser: Client, app: App, parent: User, ended: str
) -> None:
    log_in()
    if ended == "deleted":
        parent.delete()
    elif ended == "turned off":
        second_factor.remove(parent.pk, at=timezone.now())
    elif ended == "disabled":
        User.objects.filter(pk=parent.pk).update(is_active=False)
    elif ended == "ended":
        User.objects.filter(pk=parent.pk).update(logins_valid_from=timezone.now())
    elif ended == "another password":
        parent.set_password("skis in the cellar")
        parent.save(update_fields=["password"])
    wait = timedelta(minutes=16 if ended == "too long ago" else 0)

    with time_machine.travel(timezone.now() + wait):
        answer = enter(browser, app.code())
        assert answer["Location"] == "/auth"
        assert not is_logged_in(browser)
        if not wait:
            page = browser.get("/auth").content.decode()
            assert page.count("Your session expired. Please log in again.") == 1


def test_ends_where_the_password_is_changed_at_the_last_moment(
    log_in: LogIn, browser: Client, app: App, parent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_up = second_factor.use_up

    def slow(code: second_factor.GoodCode, *, at: datetime) -> None:
        use_up(code, at=at)
        parent.set_password("skis in the cellar")
        parent.save(update_fields=["password"])

    log_in()
    with monkeypatch.context() as patch:
        patch.setattr(second_factor, "use_up", slow)
        answer = enter(browser, app.code())

    assert (answer.status_code, answer["Location"]) == (302, "/auth")
    assert not is_logged_in(browser)
    assert "Your session expired. Please log in again." in browser.get("/auth").content.decode()
    parent.save()  # what was written above was undone with the rest
    log_in(password="skis in the cellar")
    assert enter(browser, app.code()).status_code == 302, "the code was not used up"


def test_keeps_no_e_mail_in_the_session(
    log_in: LogIn, browser: Client, app: App, parent: User
) -> None:
    log_in()
    waiting = str([one.get_decoded() for one in Session.objects.all()])
    enter(browser, app.code())
    done = str([one.get_decoded() for one in Session.objects.all()])

    assert is_logged_in(browser)
    assert "mfa_authenticate" in waiting
    assert str(parent.pk) in done
    assert parent.email not in waiting + done


def test_says_so_where_the_key_is_missing_and_takes_recovery_codes(
    log_in: LogIn, browser: Client, app: App, settings: Settings
) -> None:
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    log_in()

    assert (
        "Codes of apps cannot be checked right now." in enter(browser, app.code()).content.decode()
    )
    assert not failures()
    assert enter(browser, app.recovery_codes[0]).status_code == 302


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_does_not_happen_where_it_cannot_be_recorded(
    log_in: LogIn, browser: Client, app: App, broken_ledger: None, kind: str
) -> None:
    log_in()
    before = list(Authenticator.objects.order_by("pk").values_list("data", "last_used_at"))

    answer = enter(browser, app.code() if kind == "app" else app.recovery_codes[0])

    assert answer.status_code == 503
    assert not is_logged_in(browser)
    after = Authenticator.objects.order_by("pk").values_list("data", "last_used_at")
    assert list(after) == before, "the code is still good"


def test_asks_for_a_code_again_before_something_delicate(
    log_in: LogIn, browser: Client, app: App
) -> None:
    log_in()
    enter(browser, app.code())
    path = "/auth/reauthenticate"
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert "One" not in browser.get(path).content.decode()
        without = post_form(browser, path, {"password": PASSWORD, "next": "/auth/security"})
        wrong = post_form(browser, path, {"password": PASSWORD, "code": app.wrong_code()})
        not_theirs = post_form(browser, path, {"password": "a guess", "code": app.code()})
        right = post_form(
            browser,
            path,
            {"password": PASSWORD, "code": app.code(), "next": "/auth/security/totp/off"},
        )

        assert (without.status_code, wrong.status_code, not_theirs.status_code) == (200,) * 3
        assert REFUSED in wrong.content.decode()
        assert right["Location"] == "/auth/security/totp/off"
        row = MandateAudit.objects.latest("created_at")
        assert row.metadata["method"] == "reauthentication"
        assert row.metadata["second_factor"] == "totp"
        assert browser.get("/auth/security/totp/off").status_code == 200
        assert failures() == ["code_refused", "password"]
