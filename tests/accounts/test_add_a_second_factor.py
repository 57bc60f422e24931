"""Turning two-step log-in on…"""

import base64
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
import time_machine
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import totp
from accounts.models import User
from accounts.services import second_factor
from audit.models import MandateAudit
from tests.accounts.conftest import PASSWORD, LogIn, post_form
from tests.accounts.two_steps import turn_on

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

PATH = "/auth/security/totp"


def offered(browser: Client) -> tuple[str, str]:
    """Return the secret that the page shows, and the same as its form carries it."""
    page = browser.get(PATH).content.decode()
    secret = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page)
    offer = re.search(r'name="offer" value="([^"]+)"', page)
    assert secret
    assert offer
    return secret[1].replace(" ", ""), offer[1]


def code_of(secret: str, **later: int) -> str:
    return totp.code_of(secret, totp.step_at(timezone.now() + timedelta(**later)))


def send(browser: Client, offer: str, code: str) -> "Answer":
    token = browser.cookies["csrftoken"].value
    return browser.post(PATH, {"offer": offer, "code": code, "csrfmiddlewaretoken": token})


def renew(browser: Client, parent: User) -> None:
    """Log in by the password alone, as if it were enough, this very moment."""
    browser.force_login(parent)
    session = browser.session
    session["authenticated_at"] = timezone.now().isoformat()
    session.save()


def test_shows_a_secret_in_text_and_as_a_picture(log_in: LogIn, browser: Client) -> None:
    log_in()

    answer = browser.get(PATH)
    page = answer.content.decode()

    [data] = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert 'href="otpauth://totp/pat%40example.com?secret=' in page
    assert base64.b64decode(data).startswith(b"<?xml")
    assert "<svg" in base64.b64decode(data).decode()
    assert "no-store" in answer["Cache-Control"]
    assert offered(browser)[0] != offered(browser)[0], "a fresh one each time"


def test_puts_the_secret_and_our_name_into_the_picture(parent: User) -> None:
    secret = totp.new_secret()
    assert get_adapter().build_totp_url(parent, secret) == (
        f"otpauth://totp/pat%40example.com?secret={secret}&issuer=SignupAssist"
    )


def test_asks_for_the_first_code_and_records_it(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    log_in()
    secret, offer = offered(browser)

    answer = send(browser, offer, f" {code_of(secret)[:3]} {code_of(secret)[3:]}")

    row = MandateAudit.objects.latest("created_at")
    assert answer.status_code == 200
    assert second_factor.is_on(parent.pk)
    assert (row.action, row.user_id) == ("user_second_factor_added", parent.pk)
    assert row.actor == f"user:{parent.pk}"
    assert row.metadata["method"] == "totp"


def test_shows_the_recovery_codes_once_and_to_download(
    log_in: LogIn, browser: Client, parent: User
) -> None:
    log_in()
    secret, offer = offered(browser)

    answer = send(browser, offer, code_of(secret))
    page = answer.content.decode()

    codes = re.findall(r"<li><code>([a-z2-9-]{27})</code></li>", page)
    [file] = re.findall(r'href="data:text/plain;charset=utf-8,([^"]+)"', page)
    assert len(set(codes)) == 10
    assert set(codes) <= set(unquote(file).splitlines())
    assert "no-store" in answer["Cache-Control"]
    for path in (PATH, "/auth/security", "/auth/security/codes"):
        assert codes[0] not in browser.get(path, follow=True).content.decode()
    good = second_factor.recognise(parent.pk, codes[0], at=timezone.now())
    assert good.method == "recovery_code"


def test_keeps_nothing_in_the_clear(log_in: LogIn, browser: Client, parent: User) -> None:
    log_in()
    secret, offer = offered(browser)
    page = send(browser, offer, code_of(secret)).content.decode()
    codes = re.findall(r"<li><code>([a-z2-9-]{27})</code></li>", page)

    kept = repr(list(Authenticator.objects.values_list("data", flat=True)))
    sessions = repr([SessionStore(one.pk).load() for one in Session.objects.all()])
    trail = repr(list(MandateAudit.objects.values_list("metadata", flat=True)))

    assert re.search(r"'secret': 'sa1\.[0-9a-f]{16}\.", kept)
    for hidden in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert hidden not in kept + sessions + trail
    assert offer not in sessions


def test_opens_the_secret_for_its_own_person_only(parent: User, stranger: User) -> None:
    app, other = turn_on(parent), turn_on(stranger)
    rows = Authenticator.objects.filter(type="totp")
    theirs = rows.get(user=stranger).data
    rows.filter(user=parent).update(data=theirs | {"last_step": 0})

    for code in (other.code(), app.code()):
        with pytest.raises(second_factor.SecretUnreadableError):
            second_factor.recognise(parent.pk, code, at=timezone.now())


def test_takes_no_code_of_another_secret(log_in: LogIn, browser: Client, parent: User) -> None:
    log_in()
    secret, offer = offered(browser)

    answer = send(browser, offer, code_of(totp.new_secret()))

    page = answer.content.decode()
    assert 'name="code" value' not in page
    assert page.count("That is not the code that an app with this secret shows now.") == 1
    assert f'value="{offer}"' in page, "whoever scanned it need not do so again"
    assert secret[:4] in page
    assert not second_factor.is_on(parent.pk)


@pytest.mark.parametrize("offer", ["", "nonsense", "sa1.0123456789abcdef.AAAA", "x" * 1001])
def test_takes_no_secret_that_was_not_offered(
    log_in: LogIn, browser: Client, parent: User, offer: str
) -> None:
    log_in()
    browser.get(PATH)

    answer = send(browser, offer, "123456")

    assert (answer.status_code, answer["Location"]) == (302, PATH)
    assert not Authenticator.objects.exists()


def test_takes_no_secret_that_was_offered_to_somebody_else(
    log_in: LogIn, browser: Client, stranger: User, parent: User
) -> None:
    secret, offer = second_factor.offer(stranger.pk)
    log_in()
    browser.get(PATH)

    assert send(browser, offer, code_of(secret)).status_code == 302
    assert not second_factor.is_on(parent.pk)


def test_happens_once(log_in: LogIn, browser: Client, parent: User) -> None:
    log_in()
    secret, offer = offered(browser)
    app = turn_on(parent)
    renew(browser, parent)

    answer = send(browser, offer, code_of(secret))

    assert answer["Location"] == browser.get(PATH)["Location"] == "/auth/security"
    assert second_factor.recognise(parent.pk, app.code(), at=timezone.now())
    assert MandateAudit.objects.filter(action="user_second_factor_added").count() == 1


def test_never_shows_the_secret_in_use(log_in: LogIn, browser: Client, parent: User) -> None:
    log_in()
    app = turn_on(parent)
    kept = Authenticator.objects.get(user=parent, type="totp").data["secret"]
    renew(browser, parent)

    answer = send(browser, kept, "000000")

    assert (answer.status_code, answer["Location"]) == (302, "/auth/security")
    assert app.secret[:4] not in answer.content.decode()


def test_ends_all_log_ins_but_its_own(log_in: LogIn, browser: Client, parent: User) -> None:
    body = {"email": parent.email, "password": PASSWORD}
    token = Client().post("/api/v1/auth/token", body, "application/json").json()["access"]
    other = Client()
    renew(other, parent)
    log_in()
    secret, offer = offered(browser)

    send(browser, offer, code_of(secret))

    bearer = {"Authorization": f"Bearer {token}"}
    assert browser.get("/api/v1/me").status_code == 200
    assert browser.get("/auth/security/codes").status_code == 200, "it has proved the app"
    assert other.get("/auth/security")["Location"].startswith("/auth?")
    assert Client().get("/api/v1/me", headers=bearer).json()["code"] == "session_expired"


@pytest.mark.parametrize("path", [f"{PATH}/off", "/auth/security/codes"])
def test_asks_for_a_code_before_a_change_where_the_session_gave_none(
    log_in: LogIn, browser: Client, parent: User, path: str
) -> None:
    log_in()
    turn_on(parent)
    renew(browser, parent)
    before = list(Authenticator.objects.order_by("pk").values())

    answer = post_form(browser, path, {})

    assert answer["Location"] == f"/auth/reauthenticate?next={path}"
    assert list(Authenticator.objects.order_by("pk").values()) == before


def test_asks_for_a_code_before_the_api_moves_a_secret(client: Client, parent: User) -> None:
    turn_on(parent)
    renew(client, parent)

    answer = client.delete(f"/api/v1/credentials/{parent.pk}")

    assert answer.status_code == 403
    assert answer.json()["code"] == "reauthentication_required"


@pytest.mark.parametrize("path", [PATH, f"{PATH}/off", "/auth/security/codes"])
def test_needs_a_log_in_of_the_last_ten_minutes_as_all_changes_do(
    log_in: LogIn, browser: Client, parent: User, path: str
) -> None:
    log_in()
    before = list(Authenticator.objects.values())
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        asked = browser.get(path)
        sent = post_form(browser, path, {"code": "123456", "offer": "x"})

    assert asked["Location"] == sent["Location"] == f"/auth/reauthenticate?next={path}"
    assert list(Authenticator.objects.values()) == before


@pytest.mark.parametrize("path", ["/auth/security", PATH, f"{PATH}/off", "/auth/security/codes"])
def test_needs_a_log_in(browser: Client, db: None, path: str) -> None:
    assert browser.get(path)["Location"] == f"/auth?next={path}"


def test_does_not_happen_where_it_cannot_be_recorded(
    log_in: LogIn, browser: Client, parent: User, broken_ledger: None
) -> None:
    log_in()  # cannot be recorded either
    secret, offer = second_factor.offer(parent.pk)
    client = Client()
    renew(client, parent)

    answer: Any = client.post(PATH, {"offer": offer, "code": code_of(secret)})

    assert answer.status_code == 503
    assert "<code>" not in answer.content.decode()
    assert not Authenticator.objects.exists()
    assert "second_factor" not in SessionStore(client.cookies["sessionid"].value).load()
