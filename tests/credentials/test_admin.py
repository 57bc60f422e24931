"""In the admin, saved logins…"""

import pytest
from django.test import Client

from accounts.models import User
from credentials.models import StoredCredential
from tests.credentials.conftest import EMAIL, PASSWORD, SaveLogin

LOGINS = "/admin/credentials/storedcredential/"


@pytest.fixture
def browser(staff: User) -> Client:
    """The browser of a superuser."""
    browser = Client()
    browser.force_login(staff)
    return browser


def test_are_shown_without_the_secret_sealed_or_not(browser: Client, save_login: SaveLogin) -> None:
    login = save_login()

    pages = [
        browser.get(path).content.decode()
        for path in (LOGINS, f"{LOGINS}{login.pk}/change/", f"{LOGINS}?q=pat@example.com")
    ]

    assert all("Our family login" in page for page in pages)
    for secret in (login.ciphertext, "sa1.", EMAIL, PASSWORD):
        assert [page for page in pages if secret in page] == []


@pytest.mark.parametrize("query", ["pat", "@example.com", "ski", "Our family login"])
def test_are_found_by_nothing_less_than_a_whole_name(
    browser: Client, save_login: SaveLogin, query: str
) -> None:
    save_login()

    page = browser.get(LOGINS, {"q": query})

    assert list(page.context["cl"].result_list) == []


@pytest.mark.parametrize("lookup", ["ciphertext__startswith", "ciphertext", "user__password", "id"])
def test_answer_no_question_about_what_is_not_shown(
    browser: Client, save_login: SaveLogin, lookup: str
) -> None:
    save_login()

    assert browser.get(LOGINS, {lookup: "sa1."}).status_code == 400


@pytest.mark.parametrize("page", ["add/", "{}/change/", "{}/delete/"])
def test_cannot_be_touched(browser: Client, save_login: SaveLogin, page: str) -> None:
    login = save_login()
    before = StoredCredential.objects.values().get()

    answer = browser.post(LOGINS + page.format(login.pk), {"alias": "mine", "post": "yes"})

    assert answer.status_code == 403
    assert StoredCredential.objects.values().get() == before
