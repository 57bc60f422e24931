"""The page about security, making new recovery codes, and turning two-step log-in off…"""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import second_factor
from accounts.services.second_factor import CodeRefusedError
from audit.models import MandateAudit
from tests.accounts.conftest import post_form
from tests.accounts.two_steps import App, turn_on

pytestmark = pytest.mark.once

OFF, CODES, PAGE = "/auth/security/totp/off", "/auth/security/codes", "/auth/security"


@pytest.fixture
def here(browser: Client, parent: User) -> Client:
    """A browser in which the parent has just logged in."""
    browser.force_login(parent)
    session = browser.session
    session["authenticated_at"] = timezone.now().isoformat()
    session.save()
    return browser


@pytest.fixture
def app(here: Client, parent: User) -> App:
    """The parent's authenticator app, which they proved in the browser."""
    app = turn_on(parent)
    here.force_login(parent)
    session = here.session
    session["authenticated_at"] = timezone.now().isoformat()
    proof = second_factor.recognise(parent.pk, app.code(), at=timezone.now())
    second_factor.note_proved(session, proof)
    session.save()
    return app


def words(browser: Client, path: str = PAGE) -> str:
    return re.sub(r"\s+", " ", browser.get(path).content.decode())


def is_good(parent: User, code: str) -> bool:
    try:
        second_factor.recognise(parent.pk, code, at=timezone.now())
    except CodeRefusedError:
        return False
    return True


def test_is_offered_where_it_is_off(here: Client) -> None:
    page = words(here)
    assert 'href="/auth/security/totp">Turn it on</a>' in page
    assert "Recovery" not in page
    assert "no-store" in here.get(PAGE)["Cache-Control"]


def test_is_shown_as_it_stands(here: Client, parent: User, app: App) -> None:
    assert "You have 10 recovery codes left" in words(here)
    assert "last used" not in words(here)

    at = timezone.now()
    for code in app.recovery_codes[:8]:
        second_factor.use_up(second_factor.recognise(parent.pk, code, at=at), at=at)

    page = words(here)
    assert "You have only 2 recovery codes left." in page
    assert f"last used on {at:%-d %B %Y}" in page
    assert "Turn it on" not in page


def test_turns_off_and_is_recorded(here: Client, parent: User, app: App) -> None:
    assert "Your password alone opens your account then" in words(here, OFF)
    answer = post_form(here, OFF, {})

    row = MandateAudit.objects.latest("created_at")
    assert answer["Location"] == PAGE
    assert "Two-step log-in is off." in words(here)
    assert not Authenticator.objects.exists()
    assert (row.action, row.user_id) == ("user_second_factor_removed", parent.pk)
    assert not is_good(parent, app.code())
    assert not is_good(parent, app.recovery_codes[0])


def test_turns_off_once(here: Client, app: App) -> None:
    for _ in range(2):
        assert post_form(here, OFF, {})["Location"] == PAGE
    assert MandateAudit.objects.filter(action="user_second_factor_removed").count() == 1


def test_makes_new_recovery_codes_that_replace_the_others(
    here: Client, parent: User, app: App
) -> None:
    assert "The codes that you have now stop working." in words(here, CODES)
    answer = post_form(here, CODES, {})

    codes = re.findall(r"<li><code>([a-z2-9-]{27})</code></li>", answer.content.decode())
    row = MandateAudit.objects.latest("created_at")
    assert len(codes) == 10
    assert (row.action, row.user_id) == ("user_recovery_codes_made", parent.pk)
    assert is_good(parent, codes[9])
    assert is_good(parent, app.code())
    assert not is_good(parent, app.recovery_codes[0])
    assert "no-store" in answer["Cache-Control"]


def test_makes_no_recovery_codes_where_it_is_off(here: Client, db: None) -> None:
    here.get(PAGE)
    assert here.get(CODES)["Location"] == post_form(here, CODES, {})["Location"] == PAGE
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("path", [OFF, CODES])
def test_needs_the_token_of_the_page(here: Client, app: App, path: str) -> None:
    assert here.post(path).status_code == 403


@pytest.mark.parametrize("path", [OFF, CODES])
def test_changes_nothing_where_it_cannot_be_recorded(
    here: Client, app: App, broken_ledger: None, path: str
) -> None:
    before = list(Authenticator.objects.order_by("pk").values())

    answer = post_form(here, path, {})

    assert answer.status_code == 503
    assert list(Authenticator.objects.order_by("pk").values()) == before


def test_goes_with_its_account(parent: User, app: App) -> None:
    parent.delete()
    assert not Authenticator.objects.exists()
