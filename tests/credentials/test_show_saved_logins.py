"""/mandates-audit/logins…"""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from audit.actions import SYSTEM
from audit.actions import staff as as_staff
from credentials import services
from credentials.models import StoredCredential
from tests.credentials.conftest import ANOTHER_KEY, EMAIL, PASSWORD, SaveLogin

LOGINS = "/mandates-audit/logins"
Settings = Any


@pytest.fixture
def browser(parent: User, client: Client) -> Client:
    """Return a client that is logged in as the parent."""
    client.force_login(parent)
    return client


def shown(browser: Client, path: str = LOGINS) -> str:
    """Return the page's panel as a person reads it: words with one space in between."""
    answer = browser.get(path)
    assert answer.status_code == 200
    panel = answer.content.decode().split('role="tabpanel"')[1].split("</section>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", panel)).split())


def open_one(login: StoredCredential, **changes: Any) -> None:
    usual: dict[str, Any] = {
        "user_id": login.user_id,
        "credential_id": login.pk,
        "purpose": "find_programs",
        "session_id": None,
    }
    services.open_login(**usual | changes)


@pytest.mark.django_db
def test_needs_a_login(client: Client) -> None:
    assert client.get(LOGINS)["Location"] == f"/auth?next={LOGINS}"


def test_tells_which_login_is_saved_for_what(save_login: SaveLogin, browser: Client) -> None:
    save_login()
    save_login(alias="Grandma's", org_ref="")

    words = shown(browser)

    assert "Our family login Skiclubpro · Blackhawk Ski Never opened yet" in words
    assert "Grandma's Skiclubpro · All clubs" in words
    assert words.count("Saved 14 Jul 2026 Replace Delete") == 2


@pytest.mark.parametrize(
    ("purpose", "words"),
    [
        ("find_programs", "to list the programs."),
        ("check_prerequisites", "to check the prerequisites."),
        ("discover_fields", "to prepare the form."),
        ("submit_registration", "to send your registration."),
        ("get_registration", "to ask how your registration stands."),
        ("reveal", "to show it to you."),
        ("a_new_tool", "for “a_new_tool”."),
    ],
)
@pytest.mark.once
def test_tells_what_it_was_opened_for(
    save_login: SaveLogin, browser: Client, noon: datetime, purpose: str, words: str
) -> None:
    open_one(save_login(), purpose=purpose, at=noon)

    assert f"Last opened 14 Jul 2026, 12:00 UTC , {words}" in shown(browser)


def test_tells_of_the_last_opening_and_of_others_who_opened_it(
    save_login: SaveLogin, browser: Client, staff: User, noon: datetime
) -> None:
    login = save_login()
    open_one(login, purpose="reveal", at=noon + timedelta(minutes=2), actor=SYSTEM)
    open_one(login, purpose="find_programs", at=noon + timedelta(minutes=1))
    assert "12:02 UTC , to show it to you, by SignupAssist." in shown(browser)

    open_one(login, purpose="reveal", at=noon + timedelta(minutes=3), actor=as_staff(staff.pk))
    assert "12:03 UTC , to show it to you, by our staff." in shown(browser)


def test_tells_when_it_was_replaced(save_login: SaveLogin, browser: Client, noon: datetime) -> None:
    save_login()
    save_login(replace=True, at=noon + timedelta(days=1))

    assert "Saved 14 Jul 2026 , replaced 15 Jul 2026, 12:00 UTC" in shown(browser)


def test_tells_that_a_damaged_one_wants_replacing_until_it_is(
    save_login: SaveLogin, browser: Client, noon: datetime
) -> None:
    login = save_login()
    StoredCredential.objects.update(ciphertext="sa1.0000000000000000.AAAA")
    with pytest.raises(services.CredentialUnreadableError):
        open_one(login, at=noon + timedelta(minutes=1))
    failed = "Could not be opened 14 Jul 2026, 12:01 UTC . It was kept. Please replace it."
    assert failed in shown(browser)

    save_login(replace=True, at=noon + timedelta(minutes=2))

    assert "Could not be opened" not in shown(browser)


def test_tells_that_one_without_its_key_was_not_lost_until_it_opens(
    save_login: SaveLogin, browser: Client, noon: datetime, settings: Settings
) -> None:
    login, key = save_login(), settings.CRED_SEAL_KEY
    settings.CRED_SEAL_KEY = ANOTHER_KEY
    with pytest.raises(services.KeyUnavailableError):
        open_one(login, at=noon + timedelta(minutes=1))
    assert "12:01 UTC . Nothing was lost. Please try again later." in shown(browser)

    settings.CRED_SEAL_KEY = key
    open_one(login, at=noon + timedelta(minutes=2))

    assert "Could not be opened" not in shown(browser)


def test_shows_nobody_elses_login(
    save_login: SaveLogin, browser: Client, stranger: User, noon: datetime
) -> None:
    open_one(save_login(stranger), at=noon)

    assert "You have no saved logins." in shown(browser)


def test_holds_no_secret_and_nothing_sealed(
    save_login: SaveLogin, browser: Client, noon: datetime
) -> None:
    login = save_login()
    open_one(login, at=noon)

    answer = browser.get(LOGINS)
    page = answer.content.decode()

    for secret in (EMAIL, PASSWORD, login.ciphertext, login.key_id):
        assert secret not in unescape(page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page)
    assert "no-store" in answer["Cache-Control"]


def test_shows_hostile_names_as_words(save_login: SaveLogin, browser: Client) -> None:
    hostile = '"><script>alert(1)</script>'
    save_login(alias=hostile)

    assert hostile not in browser.get(LOGINS).content.decode()
    assert hostile in unescape(browser.get(LOGINS).content.decode())


def test_shows_fifty_and_a_way_to_the_older_ones(
    parent: User, browser: Client, noon: datetime
) -> None:
    StoredCredential.objects.bulk_create(
        StoredCredential(
            id=uuid4(),
            user=parent,
            alias=f"Login {number:02}",
            provider="skiclubpro",
            ciphertext="sa1.x",
            key_id="x",
            created_at=noon + timedelta(seconds=number),
            updated_at=noon + timedelta(seconds=number),
        )
        for number in range(51)
    )

    newest = browser.get(LOGINS).content.decode()
    [older] = re.findall(r'href="([^"]+)">Older</a>', newest)

    assert newest.count('<li class="login"') == 50
    assert "Login 00" in shown(browser, unescape(older))
    assert browser.get(f"{LOGINS}?cursor=garbage")["Location"] == LOGINS


def test_is_only_read(browser: Client) -> None:
    assert browser.post(LOGINS).status_code == 405


def test_costs_the_same_for_any_number_of_logins(
    save_login: SaveLogin, browser: Client, noon: datetime, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        open_one(save_login(alias=f"Login {number}"), at=noon)

    with django_assert_max_num_queries(4):  # the log-in, its person, the logins, their openings
        browser.get(LOGINS)
